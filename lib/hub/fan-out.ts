import { discoveryKey } from "../registry/discovery-key.ts";
import type { Registration } from "../registry/registration.ts";
import type { RegistryStore } from "../registry/store.ts";
import type { Clock, Log, WorkQueue } from "../work/ports.ts";
import { scheduleWork } from "../work/post.ts";
import type { WorkStore } from "../work/store.ts";
import { planPlacements } from "./plan.ts";
import { type FleetRow, hubKey, type SpecRow } from "./resource.ts";
import type { HubStore } from "./store.ts";

/** What writing a hub resource needs. */
export interface HubPorts {
  registry: Pick<RegistryStore, "load" | "list">;
  hub: HubStore;
  work: Pick<WorkStore, "load" | "loadState" | "schedule">;
  queue: WorkQueue;
  clock: Clock;
  log: Log;
  /** A random id nobody else has. */
  newId(): string;
}

/** What becomes of a resource in one cluster. `conflict`: it was applied to that cluster by name, which goes first. */
export interface ClusterChange {
  cluster: string;
  change: "create" | "update" | "remove" | "conflict";
}

/** Rows read, or clusters told, at the same time. */
const AT_ONCE = 25;

/** Maps in groups, so that a large fleet does not open a connection per cluster. */
export async function mapInGroups<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(map))));
  }
  return results;
}

/** Which clusters a fleet row changes, by name: those it is to reach and those it is to leave. */
export async function changesOf(
  { hub }: Pick<HubPorts, "hub">,
  row: FleetRow,
  registrations: readonly Registration[],
): Promise<ClusterChange[]> {
  const specs = new Map<string, SpecRow>();
  await mapInGroups(await hub.listPlaced(row), async ({ cluster }) => {
    const spec = await hub.loadSpec(hubKey(row, cluster));
    if (spec !== undefined) specs.set(cluster, spec);
  });
  return registrations.flatMap((registration) => {
    const { name: cluster } = registration;
    const spec = specs.get(cluster);
    const { writes, conflicts } = planPlacements({
      registration,
      fleet: [row],
      specs: spec === undefined ? [] : [spec],
    });
    return [
      ...writes.map(({ change }) => ({ cluster, change })),
      ...conflicts.map(() => ({ cluster, change: "conflict" as const })),
    ];
  });
}

/**
 * Tells clusters to look now. What is not told, because this was killed, is found by the next discovery pass of each
 * cluster, whose row never leaves the due index.
 */
export async function tellClusters(ports: HubPorts, clusters: readonly string[]): Promise<void> {
  await mapInGroups(clusters, (cluster) =>
    scheduleWork({ ...ports, store: ports.work }, discoveryKey(cluster), ports.clock.now()),
  );
}
