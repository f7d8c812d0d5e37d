import * as z from "zod";

const Status = z.looseObject({
  phase: z.string(),
  observedGeneration: z.number().optional(),
  conditions: z.array(z.looseObject({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() })),
});

/** A fleet resource in one cluster, as read. */
export type Placed = { cluster: string } & (
  | {
      /** `wanted`: its labels match; `leaving`: they do not any more; `conflict`: applied there by name. */
      place: "wanted" | "leaving" | "conflict";
      /** As last saved for this registration. */
      status?: unknown;
      /** ISO-8601 UTC, of that status. */
      updatedAt?: string;
    }
  /** It is there, and the cluster's registration cannot be read. */
  | { place: "unreadable"; message: string }
);

export interface PlacementStatus {
  cluster: string;
  /** The resource's own; `Pending` until this generation was looked at, `Removing`, `Conflict` or `Unreadable`. */
  phase: string;
  /** Why it is not Ready. */
  reason?: string;
  message?: string;
  /** ISO-8601 UTC. */
  updatedAt?: string;
}

/** A fleet resource at a glance. */
export interface RollUp {
  clusters: number;
  /** Clusters by phase. */
  phases: Record<string, number>;
  /** Clusters where it is neither Completed nor Idle, by name. */
  notCompleted: string[];
  /** The condition people should look at first. */
  worst?: { cluster: string; phase: string; reason: string; message: string };
}

const DONE = ["Completed", "Idle"];
/** From bad to less bad; a phase that is not here comes first. */
const SEVERITY = [
  "Unreadable",
  "Stalled",
  "Refused",
  "Conflict",
  "Held",
  "RollingBack",
  "Paused",
  "Progressing",
  "Removing",
  "Pending",
];

/** What a fleet resource comes to in each cluster. Pure; sorted by cluster. */
export function placementStatuses(generation: number, placed: readonly Placed[]): PlacementStatus[] {
  return placed.map((each) => placementStatus(generation, each)).sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
}

function placementStatus(generation: number, placed: Placed): PlacementStatus {
  const { cluster, place } = placed;
  if (place === "unreadable")
    return { cluster, phase: "Unreadable", reason: "RegistrationUnreadable", message: placed.message };
  const { status, updatedAt } = placed;
  const seen = updatedAt === undefined ? {} : { updatedAt };
  if (place === "conflict") {
    const message = "it was applied to this cluster by name, which goes first; delete it there to let the fleet's in";
    return { cluster, phase: "Conflict", reason: "AppliedByName", message };
  }
  if (place === "leaving") return { cluster, phase: "Removing", ...seen };
  const parsed = Status.safeParse(status);
  if (!parsed.success) return { cluster, phase: "Pending" };
  const { phase, observedGeneration, conditions } = parsed.data;
  const ready = conditions.find(({ type, status: value }) => type === "Ready" && value !== "True");
  const why = ready === undefined ? {} : { reason: ready.reason, message: ready.message };
  const outdated = observedGeneration !== undefined && observedGeneration < generation;
  return { cluster, phase: outdated ? "Pending" : phase, ...why, ...seen };
}

/** Sums up. Pure. */
export function rollUp(placements: readonly PlacementStatus[]): RollUp {
  const phases: Record<string, number> = {};
  for (const { phase } of placements) phases[phase] = (phases[phase] ?? 0) + 1;
  const rest = placements.filter(({ phase }) => !DONE.includes(phase));
  const worst = rest
    .filter(({ reason }) => reason !== undefined)
    .sort((a, b) => SEVERITY.indexOf(a.phase) - SEVERITY.indexOf(b.phase))[0];
  return {
    clusters: placements.length,
    phases: Object.fromEntries(Object.entries(phases).sort(([a], [b]) => (a < b ? -1 : 1))),
    notCompleted: rest.map(({ cluster }) => cluster),
    ...(worst === undefined
      ? {}
      : {
          worst: {
            cluster: worst.cluster,
            phase: worst.phase,
            reason: worst.reason ?? "",
            message: worst.message ?? "",
          },
        }),
  };
}
