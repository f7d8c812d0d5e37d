import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterAccess, KubernetesClient } from "../../lib/kubernetes/client.ts";
import { customResourceDefinition } from "../../lib/kubernetes/custom-resources.ts";
import { installCustomResource } from "../../lib/kubernetes/install-custom-resource.ts";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import { MULTI_AZ_ROLLOUTS, STATEFUL_SETS } from "../../lib/kubernetes/types.ts";
import { clusterRole } from "../../lib/registry/rbac.ts";
import { MULTI_AZ_ROLLOUT } from "../../lib/rollouts/custom-resource.ts";
import { applyAccess, bindGroup } from "../../local/control-plane/access.ts";
import { POD_ANNOTATIONS } from "../../local/control-plane/pod-behaviours.ts";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { type Bench, rounded } from "./bench.ts";
import { runReferenceLoop } from "./reference-loop.ts";
import { rollUntilCompleted } from "./rollout-pass.ts";
import { watchZones, type ZoneWatch } from "./zone-watcher.ts";

const NAMESPACE = "bench";
const SETS = ["ingester-zone-a", "ingester-zone-b", "ingester-zone-c"];
const REPLICAS = 20;
const MAX_UNAVAILABLE = 5;
const SELECTOR = { matchLabels: { group: "ingester" } };

/**
 * One rollout of 3 zones × 20 pods by our reconciler, in process over the real API server with the shipped role, beside a
 * reference loop that does nothing but keep the budget full. The pass is started with the change, as a
 * `Resource Changed` event does; saving the intent costs 10 ms, as a DynamoDB transaction does.
 */
export const bench: Bench = async (log) => {
  const folder = await mkdtemp(join(tmpdir(), "bench-rollout-"));
  const cluster = await startControlPlane({
    name: "bench",
    dataDir: join(folder, "cluster"),
    audit: true,
    onProgress: log,
  });
  const admin = createKubernetesClient(
    readKubeconfig(cluster.adminKubeconfig.text, { source: "the bench's kubeconfig" }),
  );
  const ours = createKubernetesClient(await grantAccess(cluster));
  let watch: ZoneWatch | undefined;
  try {
    await installCustomResource(admin, customResourceDefinition(MULTI_AZ_ROLLOUT));
    for (const name of SETS) await admin.create(STATEFUL_SETS, statefulSet(name));
    watch = await watchZones(admin, NAMESPACE, { sets: SETS, replicas: REPLICAS });
    await watch.allReady("0");
    const floor = await measure(watch, admin, "1", () =>
      runReferenceLoop(admin, NAMESPACE, {
        sets: SETS,
        replicas: REPLICAS,
        maxUnavailable: MAX_UNAVAILABLE,
        version: "1",
      }),
    );
    log(`reference loop: ${floor.seconds.toFixed(1)} s`);
    await admin.create(MULTI_AZ_ROLLOUTS, resource());
    const rollout = await measure(watch, admin, "2", () => rollUntilCompleted(ours, NAMESPACE, "ingesters"));
    log(
      `rollout: first delete after ${rollout.toFirstDelete.toFixed(2)} s, done ${rollout.seconds.toFixed(1)} s later`,
    );
    return {
      seconds_to_first_delete: rounded(rollout.toFirstDelete),
      seconds_rollout: rounded(rollout.seconds),
      seconds_floor: rounded(floor.seconds),
      ratio: rounded(rollout.seconds / floor.seconds),
      requests_per_pod: rounded((await countRequests(cluster)) / (SETS.length * REPLICAS)),
      double_zone_events: rollout.doubleZoneEvents,
      peak_unavailable: rollout.peakUnavailable,
    };
  } finally {
    await watch?.close();
    await Promise.all([admin.close(), ours.close()]);
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

async function measure(
  watch: ZoneWatch,
  admin: KubernetesClient,
  version: string,
  run: () => Promise<void>,
): Promise<{ toFirstDelete: number; seconds: number; doubleZoneEvents: number; peakUnavailable: number }> {
  watch.reset();
  const changedAt = performance.now();
  const patch = { spec: { template: { metadata: { annotations: { version } } } } };
  await Promise.all(
    SETS.map((name) => admin.patch(STATEFUL_SETS, { namespace: NAMESPACE, name }, patch, { type: "merge" })),
  );
  const [doneAt] = await Promise.all([watch.allReady(version), run()]);
  const firstDeleteAt = watch.firstDeleteAt() ?? Number.NaN;
  return {
    toFirstDelete: (firstDeleteAt - changedAt) / 1_000,
    seconds: (doneAt - firstDeleteAt) / 1_000,
    doubleZoneEvents: watch.doubleZoneEvents(),
    peakUnavailable: watch.peakUnavailable(),
  };
}

const ACCOUNT = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`;
const USER = `system:serviceaccount:${NAMESPACE}:outrigger`;

/** An identity of its own with the shipped role, so that its requests can be told apart. */
async function grantAccess({ admin, server, caPem }: ControlPlane): Promise<ClusterAccess> {
  await applyAccess(admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
  const [role, ...rest] = clusterRole("rollouts");
  await applyAccess(admin, role === undefined ? rest : [role]);
  await applyAccess(admin, [bindGroup(`system:serviceaccounts:${NAMESPACE}`, "outrigger:rollouts")]);
  await admin.request("POST", ACCOUNT, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "outrigger" } });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3_600 } };
  const { status } = (await admin.request("POST", `${ACCOUNT}/outrigger/token`, request)) as {
    status: { token: string };
  };
  return { server, caPem, token: async () => status.token };
}

/** Requests of the rollout's identity, once each, as the API server's audit log has them. */
async function countRequests({ auditLogPath = "" }: ControlPlane): Promise<number> {
  await sleep(1_000);
  const lines = (await readFile(auditLogPath, "utf8")).split("\n").filter((line) => line !== "");
  const events = lines.map((line) => JSON.parse(line) as { auditID: string; user: { username: string } });
  return new Set(events.filter(({ user }) => user.username === USER).map(({ auditID }) => auditID)).size;
}

function statefulSet(name: string): StatefulSet {
  const labels = { app: name, group: "ingester" };
  const annotations = { version: "0", [POD_ANNOTATIONS.readyAfter]: "2s..2.5s" };
  return {
    metadata: { name, namespace: NAMESPACE, labels: { ...labels, zone: name.replace("ingester-", "") } },
    spec: {
      replicas: REPLICAS,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "main", image: "registry.example.com/app:1" }] },
      },
    },
  };
}

function resource() {
  const spec = {
    statefulSetSelector: SELECTOR,
    rollingUpdate: { maxUnavailable: MAX_UNAVAILABLE, intervalSeconds: 0 },
  };
  return { metadata: { name: "ingesters", namespace: NAMESPACE }, spec };
}
