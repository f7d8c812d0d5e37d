import type { LabelSelector } from "../kubernetes/objects.ts";
import { matchesSelector } from "../kubernetes/selectors.ts";
import type { Registration } from "../registry/registration.ts";
import { type ClusterSelector, type FleetRow, hubKey, idOf, type ResourceId, type SpecRow } from "./resource.ts";

/** What becomes of a resource in one cluster. */
export type PlacementChange = "create" | "update" | "remove";

/** A SPEC item to be written. */
export interface PlacementWrite {
  change: PlacementChange;
  next: Omit<SpecRow, "writtenBy" | "at">;
  asRead: SpecRow | undefined;
}

export interface PlacementPlan {
  /** Sorted by resource. */
  writes: PlacementWrite[];
  /** Fleet resources that are kept out: the same name was applied to this very cluster. */
  conflicts: ResourceId[];
}

/** @returns the selector as Kubernetes' own type. */
export function labelSelector({ matchLabels, matchExpressions }: ClusterSelector): LabelSelector {
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key, operator, values }) =>
            values === undefined ? { key, operator } : { key, operator, values },
          ),
        }),
  };
}

/** Whether a fleet resource belongs into a cluster. */
export function belongs(row: FleetRow, { state, labels }: Pick<Registration, "state" | "labels">): boolean {
  return !row.deleting && state === "Active" && matchesSelector(labelSelector(row.selector), labels);
}

/**
 * Which SPEC items of one cluster are to be written, so that it has what the fleet rows and its labels ask for. Pure.
 *
 * | in the cluster | wanted there | then |
 * |---|---|---|
 * | nothing | yes | create |
 * | of the same uid, older or marked | yes | update |
 * | of another uid, or for an earlier registration | yes | remove, and create once it is gone |
 * | applied to this cluster | yes | conflict: it was asked for by name |
 * | placed by a fleet row | no | remove |
 *
 * `remove` only marks: the row goes when what it left in the cluster is given back.
 */
export function planPlacements(input: {
  registration: Pick<Registration, "name" | "identity" | "state" | "labels">;
  fleet: readonly FleetRow[];
  specs: readonly SpecRow[];
}): PlacementPlan {
  const { registration, specs } = input;
  const { name, identity } = registration;
  const wanted = input.fleet.filter((row) => belongs(row, registration));
  const found = new Map(specs.map((row) => [idOf(row.key), row]));
  const writes: PlacementWrite[] = [];
  const conflicts: ResourceId[] = [];
  for (const row of wanted) {
    const asRead = found.get(idOf(row));
    const { uid, generation, spec } = row;
    const next = { key: hubKey(row, name), uid, generation, spec, deleting: false, identity, origin: "fleet" as const };
    if (asRead === undefined) writes.push({ change: "create", next, asRead });
    else if (asRead.identity !== identity) continue;
    else if (asRead.origin === "cluster") {
      if (!asRead.deleting) conflicts.push({ kind: row.kind, namespace: row.namespace, name: row.name });
    } else if (asRead.uid === uid && (asRead.deleting || asRead.generation < generation)) {
      writes.push({ change: "update", next, asRead });
    }
  }
  const uids = new Set(wanted.map(({ uid }) => uid));
  for (const asRead of specs) {
    if (asRead.deleting || (asRead.identity === identity && (asRead.origin === "cluster" || uids.has(asRead.uid)))) {
      continue;
    }
    const { writtenBy: _writtenBy, at: _at, ...kept } = asRead;
    writes.push({ change: "remove", next: { ...kept, deleting: true }, asRead });
  }
  const order = ({ next }: PlacementWrite): string => idOf(next.key);
  return { writes: writes.sort((a, b) => (order(a) < order(b) ? -1 : 1)), conflicts };
}
