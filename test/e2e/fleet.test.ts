import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LANES } from "../../lib/work/lanes.ts";
import { RECLAIM_AFTER_MS } from "../../lib/work/schedule.ts";
import { type Deployed, deploy, rolloutKey } from "./deployed.ts";
import { say } from "./environment.ts";
import { type FleetCluster, openFleetCluster } from "./fleet-cluster.ts";
import { until } from "./groups.ts";
import { readAudit, readDeletes } from "./history.ts";
import { type Load, recordLoad } from "./load.ts";
import { changeTemplate, rolloutStatusOf, ZONES } from "./rollout-group.ts";

/** All at once: as many as the rollout lane takes on at the same time. */
const CLUSTERS = Number(process.env["OUTRIGGER_FLEET"] ?? LANES.rollout.maxConcurrency);
const REPLICAS = 2;
const PODS = ZONES.length * REPLICAS;
const MAX_UNAVAILABLE = 1;

/** From the change of the templates until every pod is new and Ready. A rollout alone takes about 10 s. */
const DONE_MS = 300_000;
/** From the last pod's readiness until the resource says so. */
const SAID_MS = 30_000;
let deployed: Deployed;
let fleet: FleetCluster[] = [];
let load: Load;
/** Those that were not Completed in time, and how far they came. */
let late: string[];

/**
 * The hub is told of every change at the same moment, with no function warm and no resource known to it. Probes and
 * discovery stay out of the way (each minute, few functions at a time): what is looked at is the rollout lane.
 */
beforeAll(async () => {
  const clusters = Array.from({ length: CLUSTERS }, (_, index) => `fleet-${String(index + 1).padStart(2, "0")}`);
  deployed = await deploy({
    clusters,
    kubernetes: "embedded",
    lookEvery: "1m",
    podReadyAfterMs: 1_000,
    audit: true,
    context: { probeConcurrency: "2", reconcileConcurrency: "10" },
  });
  fleet = await Promise.all(
    deployed.local.clusters.map((cluster) => openFleetCluster(cluster, { replicas: REPLICAS })),
  );
  say(`${CLUSTERS} groups are Ready`);
  const recording = recordLoad(deployed);
  await Promise.all(fleet.map((one) => changeAndTell(one)));
  const ends = await Promise.allSettled(fleet.map(untilCompleted));
  late = ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
  load = await recording.finish();
  const { lagMs } = load;
  say(
    [
      `${CLUSTERS} rollouts of ${PODS} pods: ${CLUSTERS - late.length} Completed after ${load.seconds.toFixed(1)} s`,
      ...load.timeline,
      `a message waited at most ${load.longestWaitSeconds.toFixed(1)} s, at most ${load.mostWaiting} did at once`,
      `${load.invocations} invocations, at most ${load.concurrent} at the same time`,
      `due to taken: ${lagMs.count} times, p50 ${lagMs.p50} ms, p99 ${lagMs.p99} ms, max ${lagMs.max} ms`,
      `errors ${load.errors}, throttles ${load.throttles}, dead letters ${load.deadLetters}`,
    ].join("\n  "),
  );
});

afterAll(async () => {
  await Promise.all(fleet.map((one) => one.close()));
  await deployed?.stop();
});

/** As a pipeline does. */
async function changeAndTell({ name, group }: FleetCluster): Promise<void> {
  await changeTemplate(group, "2");
  const { namespace, name: resource } = group;
  await deployed.send("Resource Changed", { cluster: name, kind: "MultiAZRollout", namespace, name: resource });
}

/** The observer tells when the pods are done; only then the resource is asked. */
async function untilCompleted({ name, group, watch }: FleetCluster): Promise<void> {
  const late = sleep(DONE_MS, false as const);
  const rolled = await Promise.race([watch.allReady("2").then(() => true as const), late]);
  let last = await rolloutStatusOf(group);
  if (!rolled)
    throw new Error(`${name}: not every pod is new and Ready after ${DONE_MS / 1000} s. Its status: ${last}`);
  const completed = async (): Promise<true | undefined> => {
    last = await rolloutStatusOf(group);
    return last.startsWith("Completed") || undefined;
  };
  await until(`${name}: Completed`, completed, SAID_MS, () => last);
}

describe(`${CLUSTERS} groups in ${CLUSTERS} clusters that roll at once`, () => {
  test("every one is Completed", () => {
    expect(late).toEqual([]);
  });

  test("no two zones of a group are disrupted, and never more pods than allowed", () => {
    const seen = fleet.map(({ name, watch }) => [name, watch.doubleZoneEvents(), watch.peakUnavailable()]);
    expect(seen).toEqual(fleet.map(({ name }) => [name, 0, MAX_UNAVAILABLE]));
  });

  test("every pod is deleted once", () => {
    for (const { name, group, auditLogPath } of fleet) {
      const deletes = readDeletes(auditLogPath, group.namespace);
      expect(
        deletes.filter(({ code }) => code >= 300),
        `${name}: deletes refused`,
      ).toEqual([]);
      expect(deletes.length, `${name}: deletes`).toBe(PODS);
      expect(new Set(deletes.map(({ pod }) => pod)).size, `${name}: pods deleted`).toBe(PODS);
    }
  });

  test("the hub's own books tell all of it", async () => {
    for (const { name, group } of fleet) {
      const rows = await readAudit(deployed, rolloutKey(name, group.namespace, group.name));
      const open = rows.filter(({ intended, outcomes }) => outcomes.length < intended.length);
      expect(open, `${name}: batches without their outcomes`).toEqual([]);
      const done = rows.flatMap(({ outcomes }) =>
        outcomes.filter(({ kind, result }) => kind === "DeletePod" && result === "done"),
      );
      expect(new Set(done.map(({ object }) => object)).size, `${name}: deletes recorded`).toBe(PODS);
      expect(done.length).toBe(PODS);
    }
  });

  test("nothing failed, nothing was refused, nothing was given up", () => {
    expect(load).toMatchObject({ errors: 0, throttles: 0, deadLetters: 0 });
  });

  test("they did roll at the same time, and no message waited until it was taken for lost", () => {
    expect(load.concurrent).toBeGreaterThan(CLUSTERS / 2);
    expect(load.concurrent).toBeLessThanOrEqual(LANES.rollout.maxConcurrency);
    expect(load.lagMs.count).toBeGreaterThanOrEqual(CLUSTERS);
    expect(load.lagMs.max).toBeLessThan(RECLAIM_AFTER_MS);
    expect(load.longestWaitSeconds * 1000).toBeLessThan(RECLAIM_AFTER_MS);
  });
});
