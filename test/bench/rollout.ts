import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import { customResourceDefinition } from "../../lib/kubernetes/custom-resources.ts";
import { installCustomResource } from "../../lib/kubernetes/install-custom-resource.ts";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import { MULTI_AZ_ROLLOUT } from "../../lib/rollouts/custom-resource.ts";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { type Bench, rounded } from "./bench.ts";
import { runReferenceLoop } from "./reference-loop.ts";
import {
  type BenchGroup,
  changeTemplates,
  createResource,
  createSets,
  deleteSets,
  RESOURCE,
  untilObserved,
} from "./rollout-group.ts";
import { countRequests, grantAccess } from "./rollout-identity.ts";
import { rollUntilCompleted } from "./rollout-pass.ts";
import { watchZones, type ZoneWatch } from "./zone-watcher.ts";

/** When a pass hands over in the deployed lane, milliseconds. */
const LANE_HANDOVER_MS = 90_000;
/** For the rollout that is handed over again and again: about three times as often as a deployed one of its length. */
const SHORT_HANDOVER_MS = 10_000;

/** A group that is rolled, and what its figures are called. */
interface Shape {
  /** After `ratio`, `requests_per_pod` and so on. */
  suffix: string;
  replicas: number;
  maxUnavailable: number;
  readyAfter: string;
  /** Rolled once more with short passes. */
  handsOver?: true;
}

const SHAPES: readonly Shape[] = [
  { suffix: "", replicas: 20, maxUnavailable: 5, readyAfter: "2s..2.5s", handsOver: true },
  { suffix: "_mu1", replicas: 6, maxUnavailable: 1, readyAfter: "2s..2.5s" },
  { suffix: "_240", replicas: 80, maxUnavailable: 20, readyAfter: "2s..2.5s" },
];

/**
 * Rollouts of three zones by our reconciler, in process over the real API server with the shipped role, each beside a
 * reference loop on the same pods in the same run. The pass is started with the change, as a `Resource Changed` event
 * does; saving the intent costs 10 ms, as a DynamoDB transaction does.
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
  try {
    await installCustomResource(admin, customResourceDefinition(MULTI_AZ_ROLLOUT));
    const figures: Record<string, number> = {};
    let doubleZoneEvents = 0;
    for (const shape of SHAPES) {
      const measured = await measureShape({ cluster, admin, log }, shape);
      doubleZoneEvents += measured.doubleZoneEvents;
      Object.assign(figures, measured.figures);
    }
    return { ...figures, double_zone_events: doubleZoneEvents, load_average: rounded(loadavg()[0] ?? Number.NaN) };
  } finally {
    await admin.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

interface Stage {
  cluster: ControlPlane;
  admin: KubernetesClient;
  log: (line: string) => void;
}

async function measureShape(
  { cluster, admin, log }: Stage,
  shape: Shape,
): Promise<{ figures: Record<string, number>; doubleZoneEvents: number }> {
  const { suffix, replicas, maxUnavailable, readyAfter } = shape;
  const namespace = `bench${suffix.replace("_", "-")}`;
  const sets = ["a", "b", "c"].map((zone) => `ingester-zone-${zone}`);
  const group: BenchGroup = { namespace, sets, replicas, maxUnavailable, readyAfter };
  const ours = createKubernetesClient(await grantAccess(cluster, namespace));
  await createSets(admin, group);
  const watch = await watchZones(admin, namespace, { sets, replicas });
  const roll = (handoverMs: number): Promise<number> =>
    rollUntilCompleted(ours, { namespace, name: RESOURCE, handoverMs });
  try {
    await watch.allReady("0");
    const what = `3 × ${replicas} pods, ${maxUnavailable} at once`;
    const floor = await measure(watch, admin, group, "1", async () => {
      await untilObserved(admin, group);
      await runReferenceLoop(admin, namespace, { ...group, version: "1" });
    });
    log(`${what}: reference loop ${floor.seconds.toFixed(1)} s`);
    await createResource(admin, group);
    const rollout = await measure(watch, admin, group, "2", () => roll(LANE_HANDOVER_MS));
    const requests = await countRequests(cluster, namespace);
    log(
      `${what}: first delete after ${rollout.toFirstDelete.toFixed(2)} s, done ${rollout.seconds.toFixed(1)} s later`,
    );
    log(`${what}: ${[...requests].map(([request, count]) => `${count} ${request}`).join(", ")}`);
    const total = [...requests.values()].reduce((sum, count) => sum + count, 0);
    const figures: Record<string, number> = {
      [`seconds_to_first_delete${suffix}`]: rounded(rollout.toFirstDelete),
      [`seconds_rollout${suffix}`]: rounded(rollout.seconds),
      [`seconds_floor${suffix}`]: rounded(floor.seconds),
      [`ratio${suffix}`]: rounded(rollout.seconds / floor.seconds),
      [`requests_per_pod${suffix}`]: rounded(total / (sets.length * replicas)),
      [`peak_unavailable${suffix}`]: rollout.peakUnavailable,
    };
    if (shape.handsOver === undefined) return { figures, doubleZoneEvents: rollout.doubleZoneEvents };
    const passes = { count: 0 };
    const handedOver = await measure(watch, admin, group, "3", async () => {
      passes.count = await roll(SHORT_HANDOVER_MS);
    });
    log(`${what}: ${passes.count} passes, ${handedOver.seconds.toFixed(1)} s`);
    figures["ratio_handover"] = rounded(handedOver.seconds / floor.seconds);
    figures["passes_handover"] = passes.count;
    return { figures, doubleZoneEvents: rollout.doubleZoneEvents + handedOver.doubleZoneEvents };
  } finally {
    await watch.close();
    await ours.close();
    await deleteSets(admin, group);
  }
}

async function measure(
  watch: ZoneWatch,
  admin: KubernetesClient,
  group: BenchGroup,
  version: string,
  run: () => Promise<unknown>,
): Promise<{ toFirstDelete: number; seconds: number; doubleZoneEvents: number; peakUnavailable: number }> {
  watch.reset();
  const changedAt = performance.now();
  await changeTemplates(admin, group, version);
  const [doneAt] = await Promise.all([watch.allReady(version), run()]);
  const firstDeleteAt = watch.firstDeleteAt() ?? Number.NaN;
  return {
    toFirstDelete: (firstDeleteAt - changedAt) / 1_000,
    seconds: (doneAt - firstDeleteAt) / 1_000,
    doubleZoneEvents: watch.doubleZoneEvents(),
    peakUnavailable: watch.peakUnavailable(),
  };
}
