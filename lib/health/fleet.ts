import type { RegistryStore } from "../registry/store.ts";
import type { ActiveCluster, FleetCount, FleetHealth } from "../work/ports.ts";
import { WRITE_INTERVAL_MS } from "./plan.ts";
import type { HealthRow } from "./row.ts";

/** Room for the delay of a probe beyond its interval, milliseconds. */
const LATENESS_MS = 60_000;

/** Counts each cluster once, by its HEALTH row. A row that should have been renewed by now says nothing any more. */
export function countByHealth(
  clusters: readonly ActiveCluster[],
  rows: readonly HealthRow[],
  nowMs: number,
): FleetCount {
  const rowOf = new Map(rows.map((row) => [row.cluster, row]));
  const count = { healthy: 0, unhealthy: 0, unknown: 0 };
  for (const { name, monitorIntervalSeconds } of clusters) {
    const row = rowOf.get(name);
    const renewedWithinMs = WRITE_INTERVAL_MS + 2 * monitorIntervalSeconds * 1000 + LATENESS_MS;
    if (row === undefined || nowMs - Date.parse(row.observedAt) > renewedWithinMs) count.unknown += 1;
    else if (row.class === "Healthy") count.healthy += 1;
    else count.unhealthy += 1;
  }
  return count;
}

/** What the probes have written, counted over the whole fleet. */
export function createFleetHealth(registry: Pick<RegistryStore, "listHealth">): FleetHealth {
  return {
    async countFleet(clusters, nowMs) {
      return countByHealth(clusters, await registry.listHealth(clusters.map(({ name }) => name)), nowMs);
    },
  };
}
