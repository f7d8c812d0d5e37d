import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { assessHealth } from "../../../lib/health/assess.ts";
import { observeHealth } from "../../../lib/health/observe.ts";
import type { KubernetesClient, WatchEvent } from "../../../lib/kubernetes/client.ts";
import { isApiError } from "../../../lib/kubernetes/errors.ts";
import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { createKubernetesClient } from "../../../lib/kubernetes/transport.ts";
import { MULTI_AZ_ROLLOUTS, PODS, STATEFUL_SETS } from "../../../lib/kubernetes/types.ts";
import { installCustomResources } from "../../../lib/registry/install.ts";
import { rbacOf } from "../../../lib/registry/rbac.ts";
import { systemClock as clock } from "../../../lib/work/clock.ts";
import { applyAccess } from "../../../local/control-plane/access.ts";
import { readTokenRules, writeTokenRules } from "../../../local/control-plane/tokens.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../../local/kubernetes/start.ts";
import { statefulSet } from "../../kubernetes/stateful-set.ts";
import { registration } from "../../lib/registry/build.ts";
import { signToken } from "../sign-token.ts";

const keys = { accessKeyId: "000000000000", secretAccessKey: "test" };
const arn = "arn:aws:iam::000000000000:root";
const rules = {
  credentials: [{ ...keys, arn }],
  accessEntries: [{ arn, username: "outrigger", groups: ["outrigger"] }],
};
const soon = { timeout: 20_000, interval: 20 };

let folder: string;
let cluster: EmbeddedCluster;
let hub: KubernetesClient;

const hubOf = ({ server, caPem, name }: EmbeddedCluster, credentials = keys): KubernetesClient =>
  createKubernetesClient({ server, caPem, token: () => signToken({ ...credentials, clusterName: name }) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "embedded-"));
  cluster = await startEmbeddedCluster({
    name: "alpha",
    dataDir: join(folder, "alpha"),
    audit: true,
    tokens: { rules },
  });
  hub = hubOf(cluster);
});

afterAll(async () => {
  await hub?.close();
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the product on an embedded cluster", () => {
  const probe = async () => assessHealth(await observeHealth(hub, { timeoutMs: 10_000, clock }), "alpha");

  test("misses its roles by name, then finds the cluster healthy", async () => {
    expect(await probe()).toMatchObject({ class: "AuthFailed" });
    const access = { capabilities: ["observe", "rollouts"] as const, namespaces: [], installCustomResources: true };
    await applyAccess(cluster.admin, rbacOf(access));
    expect(await probe()).toMatchObject({ class: "Healthy" });
  });

  test("installs its definitions", async () => {
    await installCustomResources(hub, registration({ name: "alpha" }));
    await expect(hub.list(MULTI_AZ_ROLLOUTS)).resolves.toMatchObject({ items: [] });
  });

  test("follows pods by watch and deletes them under their UID", async () => {
    await cluster.admin.request("POST", "/apis/apps/v1/namespaces/default/statefulsets", statefulSet("web", 2));
    const readyPods = async (): Promise<Pod[]> => {
      const { items } = await hub.list<Pod>(PODS, { namespace: "default", labelSelector: "app=web" });
      const ready = items.filter((pod) => pod.status?.containerStatuses?.every((one) => one.ready) === true);
      expect(ready).toHaveLength(2);
      return items;
    };
    const [first] = await vi.waitFor(readyPods, soon);
    const { resourceVersion } = await hub.list<Pod>(PODS, { namespace: "default" });
    const events: WatchEvent<Pod>[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of hub.watch<Pod>(PODS, { namespace: "default", resourceVersion, signal: stop.signal })) {
        events.push(event);
        if (event.type === "ADDED") return;
      }
    })();
    const name = { name: first?.metadata.name ?? "", namespace: "default" };
    const uid = first?.metadata.uid ?? "";
    await hub.delete(PODS, name, { preconditions: { uid } });
    await watching;
    stop.abort();
    expect(events.map(({ type }) => type)).toEqual(["MODIFIED", "MODIFIED", "DELETED", "ADDED"]);
    await vi.waitFor(readyPods, soon);
    const again = hub.delete(PODS, name, { preconditions: { uid } });
    await expect(again).rejects.toSatisfy((error) => isApiError(error, 409, "Conflict"));
  });

  test("changes a template under the version it read", async () => {
    const set = await hub.get<StatefulSet>(STATEFUL_SETS, { name: "web", namespace: "default" });
    const patch = (resourceVersion: string | undefined): Promise<StatefulSet> => {
      const template = { metadata: { annotations: { changed: "yes" } } };
      const body = { metadata: { resourceVersion }, spec: { template } };
      return hub.patch<StatefulSet>(STATEFUL_SETS, { name: "web", namespace: "default" }, body, { type: "merge" });
    };
    await expect(patch("1")).rejects.toSatisfy((error) => isApiError(error, 409));
    const changed = await patch(set.metadata.resourceVersion);
    expect(changed.metadata.generation).toBe((set.metadata.generation ?? 0) + 1);
  });
});

describe("tokens", () => {
  test("for another cluster and of unknown keys are refused; keys added later are known", async () => {
    const late = { accessKeyId: "AKIALATE", secretAccessKey: "late" };
    const stranger = hubOf(cluster, late);
    const elsewhere = hubOf({ ...cluster, name: "beta" });
    const version = (client: KubernetesClient) => client.list(PODS, { namespace: "default" });
    await expect(version(elsewhere)).rejects.toSatisfy((error) => isApiError(error, 401));
    await expect(version(stranger)).rejects.toSatisfy((error) => isApiError(error, 401));
    const known = await readTokenRules(cluster.dataDir);
    await writeTokenRules(cluster.dataDir, { ...known, credentials: [...known.credentials, { ...late, arn }] });
    await expect(version(stranger)).resolves.toMatchObject({ resourceVersion: expect.any(String) as string });
    await Promise.all([stranger.close(), elsewhere.close()]);
  });

  test("cannot be judged by a webhook elsewhere", async () => {
    const options = {
      name: "gamma",
      dataDir: join(folder, "gamma"),
      tokens: { url: "https://127.0.0.1:1/", caPem: "" },
    };
    await expect(startEmbeddedCluster(options)).rejects.toThrow(
      "Cluster gamma is embedded: its tokens need rules or a function",
    );
  });
});

test("the audit log names user, verb, object and answer of each request", async () => {
  const lines = (await readFile(cluster.auditLogPath ?? "", "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toContainEqual(
    expect.objectContaining({
      verb: "delete",
      user: expect.objectContaining({ username: "outrigger" }) as unknown,
      objectRef: { resource: "pods", namespace: "default", name: "web-0", apiVersion: "v1" },
      responseStatus: { metadata: {}, code: 409 },
    }),
  );
});

test("fifty clusters live in one process, each with its own objects", async () => {
  const started = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      startEmbeddedCluster({ name: `many-${index}`, dataDir: join(folder, `many-${index}`), nodesPerZone: 1 }),
    ),
  );
  await Promise.all(
    started.map(({ admin, name }) =>
      admin.request("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name } }),
    ),
  );
  const seen = await Promise.all(
    started.map(async ({ admin }) => {
      const list = await admin.request("GET", "/api/v1/namespaces/default/configmaps");
      return (list as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
    }),
  );
  expect(seen).toEqual(started.map(({ name }) => ["kube-root-ca.crt", name]));
  await Promise.all(started.map((one) => one.stop()));
});

test("a stopped cluster answers nobody", async () => {
  const one = await startEmbeddedCluster({ name: "short", dataDir: join(folder, "short"), nodesPerZone: 1 });
  const watcher = createKubernetesClient({ server: one.server, caPem: one.caPem });
  expect(await watcher.raw("GET", "/readyz")).toMatchObject({ status: 200, body: "ok" });
  await one.stop();
  await expect(watcher.raw("GET", "/readyz")).rejects.toThrow(/ECONNREFUSED|refused/i);
  await watcher.close();
});
