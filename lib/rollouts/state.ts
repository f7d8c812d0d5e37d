import * as z from "zod";

/** A StatefulSet as it was when the rollout started. */
const Member = z.object({
  name: z.string(),
  uid: z.string(),
  zone: z.string(),
  /** Template revision at the start; what a rollback restores. */
  revision: z.string(),
});
export type Member = z.infer<typeof Member>;

const ZoneTimes = z.object({
  /** First batch in this zone. */
  startedAt: z.string(),
  /** All pods new and available. */
  finishedAt: z.string().optional(),
  /** Since when it is complete and Ready without a break. */
  soakFrom: z.string().optional(),
});
export type ZoneTimes = z.infer<typeof ZoneTimes>;

/** Counts time without progress, and only while a delete was allowed. */
const ProgressClock = z.object({
  /** Highest sum of updated and of updated available pods seen. */
  mark: z.number(),
  /** Replicas wanted by then; absent in states of an earlier version. */
  wanted: z.number().optional(),
  stuckSeconds: z.number(),
  tickAt: z.string(),
  running: z.boolean(),
});
export type ProgressClock = z.infer<typeof ProgressClock>;

/** A delete that was intended. Counts as a terminating pod until its ordinal has a new UID. */
const Deleting = z.object({
  statefulSet: z.string(),
  pod: z.string(),
  uid: z.string(),
  /** It got no answer, and may be carried out until then, even where the pod is still seen alive. */
  mayComeUntil: z.string().optional(),
});
export type Deleting = z.infer<typeof Deleting>;

/** Set once a rollout is rolled back. */
const RollbackUnderWay = z.object({
  /** StatefulSets whose template is still to be restored. */
  pending: z.array(z.string()),
  /**
   * Who ordered it, and when; absent for one that began by itself after a stall. `generation` is the resource's at that time: a
   * pause that was in the spec already does not stop it, one that is put there afterwards does.
   */
  ordered: z.object({ at: z.string(), by: z.string().optional(), generation: z.number() }).optional(),
});

const CurrentRollout = z.object({
  startedAt: z.string(),
  /** Names it in orders and in the status; absent in states of an earlier version. */
  token: z.string().optional(),
  /** The selector as JSON; another one accepts new members. */
  selector: z.string(),
  /** Wanted revision per StatefulSet; another one restarts the timers. */
  revisions: z.record(z.string(), z.string()),
  members: z.array(Member),
  zones: z.record(z.string(), ZoneTimes),
  clock: ProgressClock,
  stalledAt: z.string().optional(),
  rollback: RollbackUnderWay.optional(),
  /** Token of the zone completed last, once a person has let the next one start. */
  approved: z.string().optional(),
});
export type CurrentRollout = z.infer<typeof CurrentRollout>;

/** What of a rollout has been put on the bus. Only ink changes it, so that a killed worker's events are not lost. */
const Announced = z.object({
  startedAt: z.string().optional(),
  zones: z.array(z.string()),
  phase: z.string(),
  /** Start of the rollout that was told to be completed last; absent in states of an earlier version. */
  completed: z.string().optional(),
});
export type Announced = z.infer<typeof Announced>;

/** A rollout that was completed; the parts that an earlier version did not save are optional. */
const LastRollout = z.object({
  startedAt: z.string(),
  finishedAt: z.string(),
  zones: z.record(z.string(), ZoneTimes),
  rolledBack: z.boolean().optional(),
  token: z.string().optional(),
  /** As at its start: what a rollback that a person orders afterwards restores. */
  members: z.array(Member).optional(),
  /** What it rolled out, per StatefulSet. */
  revisions: z.record(z.string(), z.string()).optional(),
});
export type LastRollout = z.infer<typeof LastRollout>;
/** Replicas as they were seen last, by StatefulSet, and when they were seen to have become fewer. */
const ReplicaMemory = z.record(
  z.string(),
  z.object({ uid: z.string(), replicas: z.number(), downscaledAt: z.string().optional() }),
);
export type ReplicaMemory = z.infer<typeof ReplicaMemory>;

/** Where pods are called: see `PrepareEndpoint`. */
const Endpoint = z.object({ port: z.number(), path: z.string() });

/** A scale-down that was intended. Until it is seen or taken back, its zone counts as unready. */
const ScaleDown = z.object({
  statefulSet: z.string(),
  uid: z.string(),
  /** `metadata.generation` before it. */
  generation: z.number(),
  from: z.number(),
  to: z.number(),
  /** Where its pods were asked to prepare; absent = they were not asked. */
  endpoint: Endpoint.optional(),
  pods: z.array(z.string()),
  /** The API server has carried it out. */
  done: z.boolean().optional(),
  /** It got no answer, and may be carried out until then. */
  mayComeUntil: z.string().optional(),
  /** How often its pods were told in vain to go on. */
  undone: z.number().optional(),
  undoneAt: z.string().optional(),
  trouble: z.string().optional(),
});
export type ScaleDown = z.infer<typeof ScaleDown>;

/** What is known of the pods of one StatefulSet that wait for a delayed downscale. */
const Delayed = z.object({
  uid: z.string(),
  endpoint: Endpoint,
  /** Those that were or may have been asked to prepare, and have not been told since that they stay. */
  prepared: z.array(z.string()),
  /** Since when each waits by its own answer, Unix time in seconds. */
  since: z.record(z.string(), z.number()),
  /** When they were asked last. */
  askedAt: z.string().optional(),
  /** What went wrong then. */
  trouble: z.string().optional(),
  /** How often pods were told in vain that they stay. */
  undone: z.number().optional(),
  undoneAt: z.string().optional(),
  undoTrouble: z.string().optional(),
});
export type Delayed = z.infer<typeof Delayed>;

/** Why replicas could not be written, by StatefulSet; each is tried again later. */
const ScaleFailures = z.record(
  z.string(),
  z.object({
    at: z.string(),
    reason: z.string(),
    message: z.string(),
    /** Says nothing about replicas of the other direction; an earlier version did not save it. */
    direction: z.enum(["up", "down"]).optional(),
  }),
);
export type ScaleFailures = z.infer<typeof ScaleFailures>;

/** Why something cannot be looked up; `reason` is CamelCase. */
const Why = z.object({ reason: z.string(), message: z.string() });

/** STATE of a MultiAZRollout: saved in pencil before each batch and in ink at the end of each pass. */
export const RolloutState = z.object({
  version: z.literal(1),
  /** UID of the resource; another one starts clean. */
  uid: z.string(),
  /** When the pause was ordered under which this resource was seen; absent = there was none. */
  pausedAt: z.string().optional(),
  /** The resource of this name that was seen last before this one, and the pause under which it was. */
  former: z.object({ uid: z.string(), pausedAt: z.string().optional() }).optional(),
  rollout: CurrentRollout.optional(),
  last: LastRollout.optional(),
  /** Revision per StatefulSet that was rolled back: not tried again until the template is another one. */
  rejected: z.record(z.string(), z.string()).optional(),
  /** Last delete of the last batch; in pencil, and in states of an earlier version, when that batch was planned. */
  lastBatchAt: z.string().optional(),
  deleting: z.array(Deleting),
  /** Zones of the nodes on which each StatefulSet's pods have been seen during this rollout, under one node label. */
  nodeZones: z.object({ topologyKey: z.string(), zones: z.record(z.string(), z.array(z.string())) }),
  /** Zone by pod name, of one StatefulSet that spans zones; under the node label of `nodeZones`. */
  podZones: z.record(z.string(), z.string()).optional(),
  /** Zone by pod name as volumes have told it during this rollout, under one node label; or why we may not look. */
  volumes: z
    .object({
      askedAt: z.string(),
      topologyKey: z.string(),
      zones: z.record(z.string(), z.string()),
      refused: Why.optional(),
    })
    .optional(),
  /** StatefulSets which carry our claim. */
  claimed: z.array(z.string()),
  replicas: ReplicaMemory.optional(),
  scaleDown: ScaleDown.optional(),
  /** By StatefulSet; absent in states of an earlier version. */
  delayed: z.record(z.string(), Delayed).optional(),
  /** An earlier version saved one `scaleFailure`, which is dropped: its StatefulSet is tried at once. */
  scaleFailures: ScaleFailures.optional(),
  foreign: z.object({ checkedAt: z.string(), found: z.string().optional() }).optional(),
  /** Why zonal shifts cannot be looked up, as the last lookup said. */
  shiftsUnavailable: Why.optional(),
  announced: Announced,
});
export type RolloutState = z.infer<typeof RolloutState>;

/** The state of a resource nothing is known about. */
export function freshState(uid: string): RolloutState {
  return {
    version: 1,
    uid,
    deleting: [],
    nodeZones: { topologyKey: "", zones: {} },
    claimed: [],
    announced: { zones: [], phase: "" },
  };
}

/**
 * Reads a saved state. One that is damaged or of another version is dropped, and of a resource that was deleted and created
 * again nothing is kept but which one it was: everything needed is rebuilt from the cluster.
 */
export function readState(saved: unknown, uid: string): RolloutState {
  const { data } = RolloutState.safeParse(saved);
  if (data === undefined || data.uid === uid) return data ?? freshState(uid);
  const { uid: formerUid, pausedAt } = data;
  return { ...freshState(uid), former: { uid: formerUid, ...(pausedAt === undefined ? {} : { pausedAt }) } };
}
