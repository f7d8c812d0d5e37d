import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubernetesObject, Pod } from "../../../lib/kubernetes/objects.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, REPLICA_TEMPLATES } from "../../../lib/kubernetes/types.ts";
import { namespacedRole, type OptionalRole } from "../../../lib/registry/rbac.ts";
import { applyAccess } from "../../../local/control-plane/access.ts";
import { type PodNetwork, type PodRequest, startPodNetwork } from "../../fakes/pod-network.ts";
import { Play, until } from "./play.ts";
import { REPLICA_TEMPLATE_DEFINITION } from "./replica-template.ts";
import { SELECTOR, setOf, situationSet, ZONES } from "./situation.ts";
import type { Stage } from "./stage.ts";

const RESOURCE = "app";
const PORT = 8080;
const MIN_TIME_SECONDS = 3;
const DELAY = "1h";
const DELAY_PATH = "/prepare/delayed?for=downscale";
const prefixed = (annotations: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`grafana.com/${key}`, value]));

/** Annotations of each zone: a mirrors a ReplicaTemplate, the others follow the zone before. */
const RULES: Record<string, Record<string, string>> = {
  a: {
    "rollout-mirror-replicas-from-resource-name": RESOURCE,
    "rollout-mirror-replicas-from-resource-kind": "ReplicaTemplate",
    "rollout-mirror-replicas-from-resource-api-version": REPLICA_TEMPLATES.apiVersion,
  },
  b: { "rollout-downscale-leader": setOf("a"), "rollout-upscale-only-when-leader-ready": "true" },
  c: { "rollout-downscale-leader": setOf("b"), "rollout-upscale-only-when-leader-ready": "true" },
};

interface ReplicaTemplate extends KubernetesObject {
  spec: { replicas: number };
  status?: { replicas?: number };
}

/** A group whose pods can be called, and what people do about its replicas. */
class Ingesters extends Play {
  /** By name, as the network names it. */
  readonly addresses = new Map<string, string>();

  /** @param delay how zone a asks for a delayed downscale. */
  async open(roles: readonly OptionalRole[], delay: Record<string, string> = {}): Promise<void> {
    const sets = ZONES.map((zone) => {
      const set = situationSet(this.namespace, zone);
      const prepare = {
        "prepare-downscale-http-path": "prepare/shutdown",
        "prepare-downscale-http-port": String(PORT),
      };
      const annotations = prefixed({ ...RULES[zone], ...prepare, ...(zone === "a" ? delay : {}) });
      const labels = prefixed({
        "prepare-downscale": "true",
        "min-time-between-zones-downscale": `${MIN_TIME_SECONDS}s`,
      });
      return { ...set, metadata: { ...set.metadata, annotations, labels: { ...set.metadata.labels, ...labels } } };
    });
    await this.install(sets);
    for (const role of roles) await this.grant(role);
    const template: ReplicaTemplate = {
      metadata: { name: RESOURCE, namespace: this.namespace },
      spec: { replicas: 2 },
    };
    await this.stage.admin.create(REPLICA_TEMPLATES, template);
    await this.untilReady();
    for (const pod of await this.pods()) {
      const { podIP = "" } = pod.status as Pod["status"] & { podIP?: string };
      this.addresses.set(`${podIP}:${PORT}`, pod.metadata.name);
    }
    const rollingUpdate = { maxUnavailable: 1, intervalSeconds: 0 };
    await this.createResource(RESOURCE, { statefulSetSelector: SELECTOR, rollingUpdate });
  }

  grant(role: OptionalRole): Promise<void> {
    return applyAccess(this.stage.cluster.admin, namespacedRole(role, [this.namespace]));
  }

  /** What an autoscaler writes. */
  async want(replicas: number): Promise<void> {
    const target = { namespace: this.namespace, name: RESOURCE };
    await this.stage.admin.patch(REPLICA_TEMPLATES, target, { spec: { replicas } }, { type: "merge" });
  }

  async writtenBack(): Promise<number | undefined> {
    const target = { namespace: this.namespace, name: RESOURCE };
    return (await this.stage.admin.get<ReplicaTemplate>(REPLICA_TEMPLATES, target)).status?.replicas;
  }

  async untilAll(replicas: number): Promise<void> {
    await until(async () => {
      const counts = (await this.sets()).map(({ spec, status }) => [
        spec.replicas,
        status?.replicas,
        status?.readyReplicas,
      ]);
      expect(counts).toEqual(ZONES.map(() => [replicas, replicas, replicas]));
    });
  }

  /** The condition about replicas, once its reason is this one. */
  async untilScaled(reason: string): Promise<string> {
    const { conditions } = await this.untilStatus(RESOURCE, (status) => {
      expect(status.conditions.find(({ type }) => type === "Scaled")?.reason).toBe(reason);
    });
    return conditions.find(({ type }) => type === "Scaled")?.message ?? "";
  }
}

/** Replicas by the operator's annotations over an API server with the shipped roles; run on the embedded one and on the real one. */
export function replicaContract(open: (network: PodNetwork) => Promise<Stage>): void {
  let network: PodNetwork;
  let stage: Stage;
  const requests: PodRequest[] = [];
  /** Addresses of pods that answer 500 to a POST. */
  const refusing = new Set<string>();
  /** Since when pods say that they wait for a delayed downscale, Unix time in seconds. */
  let waitingSince = Math.floor(Date.now() / 1000);
  beforeAll(async () => {
    network = await startPodNetwork((request) => {
      requests.push(request);
      if (request.path === DELAY_PATH && request.method === "POST")
        return { status: 200, body: JSON.stringify({ timestamp: waitingSince }) };
      if (request.method === "POST" && refusing.has(request.to)) return { status: 500, body: "still needed" };
      return { status: 204 };
    });
    stage = await open(network);
    await stage.admin.create(CUSTOM_RESOURCE_DEFINITIONS, REPLICA_TEMPLATE_DEFINITION);
    await until(() => stage.admin.list(REPLICA_TEMPLATES));
  });
  afterAll(async () => {
    await stage?.close();
    await network?.close();
  });

  const callsOf = ({ addresses }: Ingesters): string[] =>
    requests.flatMap(({ method, to, path }) => {
      const pod = addresses.get(to);
      return pod === undefined ? [] : [`${method} ${pod} ${path}`];
    });

  describe.concurrent("replicas", () => {
    test("go down zone by zone, prepared, the minimum time apart, and up behind Ready leaders", {
      timeout: 240_000,
    }, async () => {
      const group = new Ingesters(stage, "replicas-follow");
      try {
        await group.open(["mirror-replicas", "prepare-downscale"]);
        const hub = group.hub(RESOURCE);
        await group.untilScaled("AsWanted");
        await group.want(1);
        await group.untilAll(1);
        expect(callsOf(group)).toEqual(ZONES.map((zone) => `POST ${setOf(zone)}-1 /prepare/shutdown`));
        const sets = await group.sets();
        const times = sets.map(({ metadata }) =>
          Date.parse(metadata.annotations?.["grafana.com/last-downscale"] ?? ""),
        );
        for (const [index, at] of times.entries()) {
          if (index > 0) expect(at - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(MIN_TIME_SECONDS * 1000);
        }
        await until(async () => expect(await group.writtenBack()).toBe(1));
        await group.want(3);
        await group.untilAll(3);
        await until(async () => expect(await group.writtenBack()).toBe(3));
        await group.untilScaled("AsWanted");
        expect(callsOf(group)).toHaveLength(3);
        expect(hub.deleted()).toEqual([]);
      } finally {
        await group.close();
      }
    });

    test("stay, and what was prepared is undone, when a pod does not prepare", { timeout: 240_000 }, async () => {
      const group = new Ingesters(stage, "replicas-refused");
      try {
        await group.open(["mirror-replicas", "prepare-downscale"]);
        const [address = ""] = [...group.addresses].find(([, name]) => name === `${setOf("a")}-1`) ?? [];
        refusing.add(address);
        await group.want(0);
        group.hub(RESOURCE);
        const told = await group.untilScaled("PrepareDownscaleFailed");
        expect(told).toContain(`${setOf("a")} stays at 2 replicas (0 wanted)`);
        expect(told).toContain(`pod ${setOf("a")}-1 answered POST :${PORT}/prepare/shutdown with 500: still needed`);
        for (const ordinal of [0, 1])
          expect(callsOf(group)).toContain(`DELETE ${setOf("a")}-${ordinal} /prepare/shutdown`);
        expect((await group.sets()).map(({ spec }) => spec.replicas)).toEqual([2, 2, 2]);
      } finally {
        await group.close();
      }
    });

    test("wait for the delay each pod answers for, and are told when they stay", { timeout: 240_000 }, async () => {
      const group = new Ingesters(stage, "replicas-delayed");
      try {
        await group.open(["mirror-replicas", "prepare-downscale"], {
          "rollout-delayed-downscale": DELAY,
          "rollout-prepare-delayed-downscale-url": `http://pod:${PORT}${DELAY_PATH}`,
        });
        group.hub(RESOURCE);
        await group.untilScaled("AsWanted");
        const [last, first] = [`${setOf("a")}-1`, `${setOf("a")}-0`];
        const callsAt = (path: string): string[] => callsOf(group).filter((call) => call.endsWith(path));
        await group.want(1);
        const told = await group.untilScaled("WaitingForDelay");
        expect(told).toContain(`${setOf("a")} stays at 2 replicas (1 wanted)`);
        await group.want(2);
        await until(async () => expect(callsAt(DELAY_PATH)).toContain(`DELETE ${last} ${DELAY_PATH}`));
        await group.untilScaled("AsWanted");
        expect(await group.writtenBack()).toBe(2);
        expect(callsAt("/prepare/shutdown")).toEqual([]);
        const before = callsOf(group).length;
        waitingSince -= 2 * 3600;
        await group.want(1);
        await group.untilAll(1);
        const calls = callsOf(group)
          .slice(before)
          .filter((call) => call.includes(last));
        expect([...new Set(calls)]).toEqual([`POST ${last} ${DELAY_PATH}`, `POST ${last} /prepare/shutdown`]);
        expect(callsAt(DELAY_PATH).filter((call) => call.startsWith(`POST ${first}`))).toEqual([]);
      } finally {
        await group.close();
      }
    });

    test("name the optional roles that are missing", { timeout: 240_000 }, async () => {
      const group = new Ingesters(stage, "replicas-roles");
      try {
        await group.open([]);
        await group.want(1);
        group.hub(RESOURCE);
        const unread = await group.untilScaled("MirrorForbidden");
        expect(unread).toMatch(
          /cannot get resource "replicatemplates\/scale".*Apply the role outrigger:mirror-replicas/,
        );
        await group.grant("mirror-replicas");
        const uncalled = await group.untilScaled("PrepareDownscaleFailed");
        expect(uncalled).toMatch(/cannot create resource "pods\/proxy".*Apply the role outrigger:prepare-downscale/);
        expect(callsOf(group)).toEqual([]);
        expect((await group.sets()).map(({ spec }) => spec.replicas)).toEqual([2, 2, 2]);
      } finally {
        await group.close();
      }
    });
  });
}
