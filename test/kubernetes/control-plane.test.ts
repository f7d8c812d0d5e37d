import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Node, Pod } from "../../lib/kubernetes/objects.ts";
import { applyAccess, bindGroup } from "../../local/control-plane/access.ts";
import { isAlive } from "../../local/control-plane/lock-file.ts";
import {
  NODE_ANNOTATION,
  NODE_NOT_READY,
  POD_ANNOTATIONS,
  POD_BEHAVIOURS,
} from "../../local/control-plane/pod-behaviours.ts";
import { type ControlPlane, openControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { readTokenRules, writeTokenRules } from "../../local/control-plane/tokens.ts";
import { signToken, type TokenOptions } from "../local/sign-token.ts";
import { statefulSet } from "./stateful-set.ts";

const PODS = "/api/v1/namespaces/default/pods";
const STATEFUL_SETS = "/apis/apps/v1/namespaces/default/statefulsets";
const waitFor = { timeout: 30_000, interval: 100 };

const keys = { accessKeyId: "000000000000", secretAccessKey: "test" };
const roleArn = "arn:aws:iam::000000000000:role/outrigger-worker";
const rules = {
  credentials: [{ ...keys, arn: "arn:aws:sts::000000000000:assumed-role/outrigger-worker/session" }],
  accessEntries: [{ arn: roleArn, username: "outrigger:{{SessionName}}", groups: ["outrigger"] }],
};

let folder: string;
let cluster: ControlPlane;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "control-plane-"));
  cluster = await startControlPlane({
    name: "alpha",
    dataDir: join(folder, "alpha"),
    audit: true,
    tokens: { rules },
    onProgress: (line) => process.stderr.write(`${line}\n`),
  });
});

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function list<T>(path: string, selector = ""): Promise<T[]> {
  const query = selector === "" ? "" : `?labelSelector=${encodeURIComponent(selector)}`;
  return ((await cluster.admin.request("GET", `${path}${query}`)) as { items: T[] }).items;
}

const podsOf = (name: string): Promise<Pod[]> => list<Pod>(PODS, `app=${name}`);

async function annotate(path: string, annotations: Record<string, string | null>): Promise<void> {
  await cluster.admin.request("PATCH", path, { metadata: { annotations } }, "application/merge-patch+json");
}

function conditionOf(object: Pod | Node, type: string): string | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type)?.status;
}

describe("nodes", () => {
  test("each zone has its Ready nodes, labelled as EKS labels them", async () => {
    const nodes = await list<Node>("/api/v1/nodes");
    const zones = nodes.map(({ metadata: { labels = {} } }) => [
      labels["topology.kubernetes.io/region"],
      labels["topology.kubernetes.io/zone"],
      labels["topology.k8s.aws/zone-id"],
    ]);
    expect(nodes.map((node) => conditionOf(node, "Ready"))).toEqual(Array(6).fill("True"));
    expect(new Set(zones.map(String))).toEqual(
      new Set(["us-east-1,us-east-1a,use1-az1", "us-east-1,us-east-1b,use1-az2", "us-east-1,us-east-1c,use1-az3"]),
    );
  });

  test("an annotation takes a node out and its removal brings it back", async () => {
    const [node] = await list<Node>("/api/v1/nodes");
    const path = `/api/v1/nodes/${node?.metadata.name}`;
    const ready = async (): Promise<string | undefined> =>
      conditionOf((await cluster.admin.request("GET", path)) as Node, "Ready");
    await annotate(path, { [NODE_ANNOTATION]: NODE_NOT_READY });
    await vi.waitFor(async () => expect(await ready()).toBe("False"), waitFor);
    await annotate(path, { [NODE_ANNOTATION]: null });
    await vi.waitFor(async () => expect(await ready()).toBe("True"), waitFor);
  });
});

describe("pods of a StatefulSet with three replicas", () => {
  const cases: { title: string; name: string; annotations: Record<string, string>; expected: (pod: Pod) => void }[] = [
    {
      title: "become Ready, spread over the zones, when nothing is asked for",
      name: "plain",
      annotations: {},
      expected: (pod) => {
        expect(pod.status).toMatchObject({ phase: "Running", containerStatuses: [{ ready: true, restartCount: 0 }] });
        expect(conditionOf(pod, "Ready")).toBe("True");
      },
    },
    {
      title: "become Ready after a delay drawn from a range",
      name: "slow",
      annotations: { [POD_ANNOTATIONS.readyAfter]: "2s..2.5s" },
      expected: (pod) => {
        const [scheduled, ready] = ["PodScheduled", "Ready"].map((type) => {
          const condition = pod.status?.conditions?.find((candidate) => candidate.type === type);
          return condition?.status === "True" ? Date.parse(condition.lastTransitionTime ?? "") : Number.NaN;
        });
        expect((ready ?? 0) - (scheduled ?? 0)).toBeGreaterThanOrEqual(1_000);
      },
    },
    {
      title: "cannot pull their image",
      name: "no-image",
      annotations: { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.imagePullFailure },
      expected: (pod) => {
        const waiting = { reason: "ImagePullBackOff" };
        expect(pod.status).toMatchObject({
          phase: "Pending",
          containerStatuses: [{ ready: false, state: { waiting } }],
        });
      },
    },
    {
      title: "crash again and again, backing off",
      name: "crashing",
      annotations: { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.crashLoop, [POD_ANNOTATIONS.crashAfter]: "100ms" },
      expected: (pod) => {
        expect(pod.status).toMatchObject({
          phase: "Running",
          containerStatuses: [
            {
              ready: false,
              state: { waiting: { reason: "CrashLoopBackOff" } },
              lastState: { terminated: { reason: "Error", exitCode: 1 } },
            },
          ],
        });
        expect(pod.status?.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(2);
        expect(conditionOf(pod, "Ready")).toBe("False");
      },
    },
    {
      title: "run out of memory",
      name: "hungry",
      annotations: { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.outOfMemory },
      expected: (pod) => {
        const lastState = { terminated: { reason: "OOMKilled", exitCode: 137 } };
        expect(pod.status).toMatchObject({ phase: "Running", containerStatuses: [{ ready: false, lastState }] });
        expect(pod.status?.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(1);
      },
    },
    {
      title: "run but never become Ready",
      name: "unready",
      annotations: { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.neverReady },
      expected: (pod) => {
        const running = { startedAt: expect.any(String) as string };
        expect(pod.status).toMatchObject({
          phase: "Running",
          containerStatuses: [{ ready: false, state: { running } }],
        });
        expect(conditionOf(pod, "Ready")).toBe("False");
      },
    },
  ];

  test.concurrent.each(cases)("$title", async ({ name, annotations, expected }) => {
    await cluster.admin.request("POST", STATEFUL_SETS, statefulSet(name, 3, annotations));
    await vi.waitFor(async () => {
      const pods = await podsOf(name);
      expect(pods).toHaveLength(3);
      for (const pod of pods) expected(pod);
    }, waitFor);
  });

  test("a live pod follows its annotation: Ready, not Ready, Ready again", async () => {
    await cluster.admin.request("POST", STATEFUL_SETS, statefulSet("live", 1));
    const ready = async (): Promise<string | undefined> => conditionOf((await podsOf("live"))[0] as Pod, "Ready");
    await vi.waitFor(async () => expect(await ready()).toBe("True"), waitFor);
    await annotate(`${PODS}/live-0`, { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.neverReady });
    await vi.waitFor(async () => expect(await ready()).toBe("False"), waitFor);
    await annotate(`${PODS}/live-0`, { [POD_ANNOTATIONS.behaviour]: null });
    await vi.waitFor(async () => expect(await ready()).toBe("True"), waitFor);
  });

  test("volume claims are bound to simulated volumes, which go with them", async () => {
    const set = statefulSet("stateful", 2) as { spec: Record<string, unknown> };
    const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
    set.spec["volumeClaimTemplates"] = [
      { metadata: { name: "data" }, spec },
      { metadata: { name: "wal" }, spec: { ...spec, storageClassName: "io2" } },
    ];
    await cluster.admin.request("POST", STATEFUL_SETS, set);
    await vi.waitFor(async () => {
      const pods = await podsOf("stateful");
      expect(pods.map((pod) => conditionOf(pod, "Ready"))).toEqual(["True", "True"]);
    }, waitFor);
    await cluster.admin.request("DELETE", `${STATEFUL_SETS}/stateful`);
    await cluster.admin.request("DELETE", "/api/v1/namespaces/default/persistentvolumeclaims");
    await vi.waitFor(async () => expect(await list("/api/v1/persistentvolumes")).toEqual([]), waitFor);
  });

  test("sixty pods become Ready together and a deleted one is replaced", async () => {
    await cluster.admin.request("POST", STATEFUL_SETS, statefulSet("many", 60));
    const allReady = async (): Promise<Pod[]> => {
      const pods = await podsOf("many");
      expect(pods.filter((pod) => conditionOf(pod, "Ready") === "True")).toHaveLength(60);
      return pods;
    };
    const before = await vi.waitFor(allReady, waitFor);
    await cluster.admin.request("DELETE", `${PODS}/many-7`);
    await vi.waitFor(async () => {
      const after = await allReady();
      const uidOf = (pods: Pod[]): string | undefined =>
        pods.find((pod) => pod.metadata.name === "many-7")?.metadata.uid;
      expect(uidOf(after)).not.toBe(uidOf(before));
    }, waitFor);
  });

  test("a pod asked to terminate slowly stays as terminating", async () => {
    await cluster.admin.request(
      "POST",
      STATEFUL_SETS,
      statefulSet("lingering", 1, { [POD_ANNOTATIONS.terminateAfter]: "2s" }),
    );
    await vi.waitFor(
      async () => expect(conditionOf((await podsOf("lingering"))[0] as Pod, "Ready")).toBe("True"),
      waitFor,
    );
    const [first] = await podsOf("lingering");
    const terminating = (await cluster.admin.request("DELETE", `${PODS}/lingering-0`)) as Pod;
    expect(terminating.metadata).toMatchObject({
      uid: first?.metadata.uid,
      deletionTimestamp: expect.any(String) as string,
    });
    const { deletionTimestamp = "", deletionGracePeriodSeconds = 0 } = terminating.metadata;
    const successor = await vi.waitFor(async () => {
      const [pod] = await podsOf("lingering");
      expect(pod?.metadata.uid).toEqual(expect.any(String));
      expect(pod?.metadata.uid).not.toBe(first?.metadata.uid);
      return pod as Pod;
    }, waitFor);
    const askedAt = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1_000;
    expect(Date.parse(successor.metadata.creationTimestamp ?? "") - askedAt).toBeGreaterThanOrEqual(2_000);
  });
});

describe("tokens and access", () => {
  async function get(path: string, options: Partial<TokenOptions> = {}): Promise<{ status: number; body: string }> {
    const token = await signToken({ ...keys, clusterName: "alpha", ...options });
    const dispatcher = new Agent({ connect: { ca: cluster.caPem } });
    const response = await request(`${cluster.server}${path}`, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });
    const body = await response.body.text();
    await dispatcher.close();
    return { status: response.statusCode, body };
  }

  test("a token signed for this cluster is let in under its access entry", async () => {
    const { status, body } = await get(PODS);
    expect(status).toBe(403);
    expect(body).toContain('User \\"outrigger:session\\" cannot list resource \\"pods\\"');
  });

  test("a token signed for another cluster is refused", async () => {
    expect(await get(PODS, { clusterName: "beta" })).toMatchObject({ status: 401 });
  });

  test("a token signed with another secret is refused", async () => {
    expect(await get(PODS, { secretAccessKey: "wrong" })).toMatchObject({ status: 401 });
  });

  test("an expired token is refused", async () => {
    expect(await get(PODS, { signedAt: new Date(Date.now() - 16 * 60_000) })).toMatchObject({ status: 401 });
  });

  test("a rule opens what it names and nothing else", async () => {
    await applyAccess(cluster.admin, [
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name: "outrigger-observe" },
        rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["list"] }],
      },
      bindGroup("outrigger", "outrigger-observe"),
    ]);
    await vi.waitFor(async () => expect(await get("/api/v1/nodes")).toMatchObject({ status: 200 }), waitFor);
    const refused = await get(PODS);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain("Forbidden");
  });

  test("credentials added while the cluster runs are known from then on", async () => {
    const added = { accessKeyId: "ASIA0", secretAccessKey: "later", sessionToken: "a/session+token=" };
    const known = await readTokenRules(cluster.dataDir);
    await writeTokenRules(cluster.dataDir, {
      ...known,
      credentials: [
        ...known.credentials,
        { ...added, arn: "arn:aws:sts::000000000000:assumed-role/outrigger-worker/late" },
      ],
    });
    const { body } = await get(PODS, added);
    expect(body).toContain('User \\"outrigger:late\\" cannot list');
  });
});

test("the audit log names user, verb and object of each request", async () => {
  await vi.waitFor(async () => {
    const lines = (await readFile(cluster.auditLogPath ?? "", "utf8")).trim().split("\n").slice(0, -1);
    const events = lines.map(
      (line) => JSON.parse(line) as { verb: string; user: { username: string }; objectRef?: { name?: string } },
    );
    const deleted = events.find((event) => event.verb === "delete" && event.objectRef?.name === "many-7");
    expect(deleted?.user.username).toBe("local-admin");
  }, waitFor);
});

test("a detached control plane is opened and stopped by its folder, and leaves no process", async () => {
  const dataDir = join(folder, "beta");
  const started = await startControlPlane({
    name: "beta",
    dataDir,
    detached: true,
    tokens: { rules },
    nodesPerZone: 1,
  });
  await started.admin.close();
  const opened = await openControlPlane(dataDir);
  expect(opened).toMatchObject({ name: "beta", server: started.server, createdAt: started.createdAt });
  expect(Object.keys(opened.pids)).toContain("token-webhook");
  expect(await opened.admin.request("GET", "/readyz")).toBe("ok");
  expect(await readFile(opened.adminKubeconfig.path, "utf8")).toBe(opened.adminKubeconfig.text);
  await opened.stop();
  await vi.waitFor(() => expect(Object.values(opened.pids).filter(isAlive)).toEqual([]), waitFor);
});

test("stopping leaves no process", async () => {
  const dataDir = join(folder, "gamma");
  const started = await startControlPlane({ name: "gamma", dataDir, zones: ["us-east-1a"], nodesPerZone: 1 });
  const { pids } = started;
  expect(Object.keys(pids).sort()).toEqual([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
  ]);
  await started.stop();
  expect(Object.values(pids).filter(isAlive)).toEqual([]);
});
