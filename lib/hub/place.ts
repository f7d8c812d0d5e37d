import { randomUUID } from "node:crypto";
import type { Registration } from "../registry/registration.ts";
import type { WorkKey } from "../work/keys.ts";
import type { Clock, Log, WorkQueue } from "../work/ports.ts";
import { scheduleWork } from "../work/post.ts";
import type { WorkStore } from "../work/store.ts";
import { type PlacementWrite, planPlacements } from "./plan.ts";
import { type FleetRow, idOf, type SpecRow } from "./resource.ts";
import type { HubStore } from "./store.ts";
import { uncovered } from "./warnings.ts";

export interface PlacementPorts {
  hub: HubStore;
  work: Pick<WorkStore, "schedule">;
  queue: WorkQueue;
  clock: Clock;
  log: Log;
}

/** What one look at the hub's resources of a cluster came to. */
export interface Placement {
  /** `kind/namespace/name` → `uid/generation` of what was handed to its lane; kept between passes. */
  scheduled: Record<string, string>;
  /** Marked SPEC items: what they left in the cluster is to be given back, then they go. */
  removing: SpecRow[];
  /** Work that lost its SPEC: the same becomes of it. */
  orphans: WorkKey[];
  /** What stays although the registration does not let anybody work on it. */
  uncovered: WorkKey[];
  /** Fleet rows that go when no cluster holds them any more. */
  deleted: FleetRow[];
  /** SPEC items that somebody else wrote meanwhile: look again soon. */
  changedMeanwhile: number;
}

/**
 * Brings the SPEC items of one cluster to what the fleet rows and its labels ask for, and schedules work for each that is
 * new or changed. Run by the cluster's discovery pass, so one worker at a time; a kill anywhere is made good by the next
 * pass, which is always in the due index.
 *
 * @param known `scheduled` of the last pass.
 */
export async function placeResources(
  ports: PlacementPorts,
  registration: Registration,
  known: Readonly<Record<string, string>>,
): Promise<Placement> {
  const [fleet, { specs, orphans }] = await Promise.all([
    ports.hub.listFleet(),
    ports.hub.loadPlaced(registration.name),
  ]);
  const { writes } = planPlacements({ registration, fleet, specs });
  const rows = new Map(specs.map((row) => [idOf(row.key), row]));
  const written = new Set<string>();
  let changedMeanwhile = 0;
  for (const write of writes) {
    const row = await writeSpec(ports, registration, write);
    if (row === undefined) {
      changedMeanwhile += 1;
      continue;
    }
    rows.set(idOf(row.key), row);
    written.add(idOf(row.key));
  }
  const scheduled: Record<string, string> = {};
  for (const [id, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (row.deleting) continue;
    const version = `${row.uid}/${row.generation}`;
    if (written.has(id) || known[id] !== version)
      await scheduleWork({ ...ports, store: ports.work }, row.key, ports.clock.now());
    scheduled[id] = version;
  }
  return {
    scheduled,
    orphans,
    removing: [...rows.values()].filter(({ deleting }) => deleting),
    uncovered: [...rows.values()].flatMap(({ key, deleting }) =>
      deleting || uncovered(key, registration) === undefined ? [] : [key],
    ),
    deleted: fleet.filter(({ deleting }) => deleting),
    changedMeanwhile,
  };
}

async function writeSpec(
  { hub, clock, log }: PlacementPorts,
  { identity, name }: Registration,
  { change, next, asRead }: PlacementWrite,
): Promise<SpecRow | undefined> {
  const row = { ...next, writtenBy: randomUUID(), at: new Date(clock.now()).toISOString() };
  const saved = await hub.saveSpec(row, asRead, identity);
  log(saved === "saved" ? "info" : "warn", `Placement: ${change} ${saved}`, { cluster: name, key: next.key });
  return saved === "saved" ? row : undefined;
}

/** Takes away the fleet rows that are marked and placed nowhere any more. What was applied by name does not keep them. */
export async function finishDeletions(
  { hub, log }: Pick<PlacementPorts, "hub" | "log">,
  deleted: readonly FleetRow[],
): Promise<void> {
  for (const row of deleted) {
    if ((await hub.listPlaced(row)).some(({ uid }) => uid === row.uid)) continue;
    await hub.removeFleet(row);
    log("info", "Hub resource deleted", { resource: idOf(row) });
  }
}
