import * as z from "zod";
import { GuardMemory } from "../guards/plan.ts";
import type { WorkKey } from "../work/keys.ts";
import { coversNamespace, resourcesOf } from "./capabilities.ts";
import type { Registration } from "./registration.ts";

/** How many complete lists in a row must lack a resource before it counts as deleted. */
export const LISTS_UNTIL_GONE = 2;

/** A resource as a metadata list shows it. */
export interface FoundResource {
  namespace: string;
  name: string;
  uid: string;
  generation: number;
}

/** One custom resource type looked for: a complete list, or why there is none. */
export type Listing =
  | { kind: string; complete: true; found: FoundResource[] }
  | {
      kind: string;
      complete: false;
      reason: "CustomResourceMissing" | "Forbidden" | "Unauthorized" | "Expired" | "Unreachable" | "ServerError";
      message: string;
    };

const KnownResource = z.strictObject({
  uid: z.string(),
  generation: z.int(),
  /** Complete lists in a row that lacked it. */
  missing: z.int().min(0).default(0),
});

/** What the discovery pass keeps between passes. Keys of `resources`: `kind/namespace/name`. */
export const DiscoveryState = z.strictObject({
  /** The registration event whose custom resources are installed. */
  installedFor: z.string().optional(),
  /** When `/version` was read last, ISO-8601 UTC. */
  versionReadAt: z.string().optional(),
  /** When the rows of the cluster were read last, ISO-8601 UTC. */
  rowsReadAt: z.string().optional(),
  /** The registration event that was followed by complete lists; the counts below belong to it. */
  countedFor: z.string().optional(),
  resources: z.record(z.string(), KnownResource).default({}),
  /** The registration event `placed` and `left` belong to. */
  placedFor: z.string().optional(),
  /** Resources of the hub that were handed to their lanes: `uid/generation`. */
  placed: z.record(z.string(), z.string()).default({}),
  /** Resources of the hub that it does not cover, once they have given back what they left. */
  left: z.array(z.string()).default([]),
  /** What is known of the admission guard in the cluster. */
  guard: GuardMemory.optional(),
  conditions: z
    .array(
      z.strictObject({
        type: z.string(),
        status: z.enum(["True", "False", "Unknown"]),
        reason: z.string(),
        message: z.string(),
        lastTransitionTime: z.string(),
      }),
    )
    .default([]),
});
export type DiscoveryState = z.output<typeof DiscoveryState>;

export interface DiscoveryPlan {
  /** New or changed: work on them now. */
  schedule: WorkKey[];
  /** Confirmed gone, or no longer ours to look at: take back their claims, then forget them. */
  gone: WorkKey[];
  /** The state to keep; the `gone` leave it only when they were forgotten. */
  state: DiscoveryState;
}

export const resourceId = (key: Pick<WorkKey, "kind" | "namespace" | "name">): string =>
  `${key.kind}/${key.namespace}/${key.name}`;

/**
 * The state, as the rows of the cluster say. What has work and is not known yet is looked for like anything else; what is
 * known and has no work is new, so that it is scheduled if it is found. Pure.
 */
export function withRows(state: DiscoveryState, rows: readonly WorkKey[], rowsReadAt: string): DiscoveryState {
  const idsOf = (home: WorkKey["home"]): Set<string> =>
    new Set(rows.filter((key) => key.home === home).map(resourceId));
  const [inCluster, inHub] = [idsOf("cluster"), idsOf("hub")];
  const known = Object.entries(state.resources).map(
    ([id, resource]) => [id, inCluster.has(id) ? resource : { ...resource, uid: "" }] as const,
  );
  const unknown = [...inCluster]
    .filter((id) => state.resources[id] === undefined)
    .map((id) => [id, { uid: "", generation: 0, missing: 0 }] as const);
  const placed = Object.entries(state.placed).filter(([id]) => inHub.has(id));
  return {
    ...state,
    rowsReadAt,
    resources: Object.fromEntries([...known, ...unknown]),
    placed: Object.fromEntries(placed),
  };
}

function keyOf(cluster: string, id: string): WorkKey {
  const [kind = "", namespace = "", name = ""] = id.split("/");
  return { cluster, home: "cluster", kind, namespace, name };
}

/**
 * What a look at the cluster means. A resource is scheduled when it is new or its uid or generation changed, and once for
 * each registration event: what we may do can have changed, and its rows can be gone. It counts as deleted only after two
 * complete lists of the same registration; whatever could not be listed completely is held. Pure.
 */
export function planDiscovery(input: {
  registration: Registration;
  listings: readonly Listing[];
  state: DiscoveryState;
}): DiscoveryPlan {
  const { registration, listings, state } = input;
  const counts = state.countedFor === registration.eventId;
  const kinds = new Set(resourcesOf(registration).map((type) => type.kind));
  const complete = new Map(
    listings.flatMap((listing) => (listing.complete ? [[listing.kind, listing.found] as const] : [])),
  );
  const resources: DiscoveryState["resources"] = {};
  const schedule: string[] = [];
  const gone: string[] = [];
  for (const [kind, found] of complete) {
    for (const { namespace, name, uid, generation } of found) {
      if (!coversNamespace(registration, namespace)) continue;
      const id = resourceId({ kind, namespace, name });
      const known = state.resources[id];
      if (!counts || known?.uid !== uid || known.generation !== generation) schedule.push(id);
      resources[id] = { uid, generation, missing: 0 };
    }
  }
  for (const [id, known] of Object.entries(state.resources)) {
    if (resources[id] !== undefined) continue;
    const key = keyOf(registration.name, id);
    const ours = kinds.has(key.kind) && coversNamespace(registration, key.namespace);
    const missing = (counts ? known.missing : 0) + (ours && complete.has(key.kind) ? 1 : 0);
    resources[id] = { ...known, missing };
    // Only a list of this very pass may confirm.
    if (!ours || (complete.has(key.kind) && missing >= LISTS_UNTIL_GONE)) gone.push(id);
  }
  const toKeys = (ids: string[]): WorkKey[] => ids.sort().map((id) => keyOf(registration.name, id));
  const all = listings.every((listing) => listing.complete);
  return {
    schedule: toKeys(schedule),
    gone: toKeys(gone),
    state: { ...state, ...(all ? { countedFor: registration.eventId } : {}), resources },
  };
}
