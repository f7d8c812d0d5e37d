import type { Executed } from "./attempt.ts";
import { settleDelays } from "./delayed-settle.ts";
import type { Plan } from "./plan.ts";
import type { RolloutAction } from "./plan-actions.ts";
import { withoutNewZones } from "./plan-record.ts";
import { isReplicaAction } from "./replica-actions.ts";
import { mirrorKey } from "./replica-annotations.ts";
import type { MirrorReading } from "./replica-wishes.ts";
import type { RolloutState, ScaleDown } from "./state.ts";
import { plusMs } from "./time.ts";

/** A request that nobody heard of again is over after this, milliseconds: the longest time one may take. */
const REQUEST_MS = 10_000;

const PREPARE_FAILED = /^PrepareDownscale: /;

const UNAUDITED: readonly RolloutAction["kind"][] = [
  "ClaimStatefulSet",
  "ReleaseClaim",
  "SetCurrentRevision",
  "WriteBackReplicas",
];

/** What changes neither pods nor specs has no audit row. */
export const isDestructive = ({ actions }: Plan): boolean => actions.some(({ kind }) => !UNAUDITED.includes(kind));

/** The same for one action in two plans. */
export function identify(action: RolloutAction): string {
  const { kind, object } = action;
  if (kind === "DeletePod") return `${kind} ${object} ${action.uid}`;
  if (kind === "PrepareDelayedDownscale" || kind === "CancelDelayedDownscale")
    return [kind, object, action.endpoint.port, action.endpoint.path, ...action.pods].join(" ");
  if (kind !== "ScaleStatefulSet") return `${kind} ${object}`;
  // A pod that has begun to run meanwhile has to be prepared as well.
  const prepared = action.endpoint === undefined ? [] : action.pods;
  const delay = action.delay === undefined ? [] : [`after ${action.delay.seconds} s`];
  return [kind, object, action.from, action.to, ...delay, ...prepared].join(" ");
}

/** When a batch was carried out, by the API server's clock. */
export interface BatchTimes {
  /** When its last request was over: none was sent later. */
  endedAt: string;
  /** When its last delete was over; undefined = none was sent, or none can have been carried out. */
  deletedAt: string | undefined;
}

/**
 * The state after a batch. What was certainly not carried out is not waited for; what got no answer may have been. The
 * interval to the next batch counts from the last delete: claims, and pods that are told that they stay, take their time first.
 */
export function settle(
  { actions, nextState }: Plan,
  executed: readonly Executed[],
  before: RolloutState,
  { endedAt, deletedAt }: BatchTimes,
): RolloutState {
  const begun = executed.filter(({ outcome }) => outcome.result !== "skipped" && outcome.result !== "refused");
  const uids = (list: readonly RolloutAction[]) =>
    list.flatMap((action) => (action.kind === "DeletePod" ? [action.uid] : []));
  const planned = new Set(uids(actions));
  const kept = new Set(uids(begun.map(({ action }) => action)));
  const unanswered = new Set(
    uids(executed.filter(({ outcome }) => outcome.result === "failed").map(({ action }) => action)),
  );
  const deleting = nextState.deleting
    .filter(({ uid }) => !planned.has(uid) || kept.has(uid))
    .map((each) => (unanswered.has(each.uid) ? { ...each, mayComeUntil: plusMs(endedAt, REQUEST_MS) } : each));
  const last = deletedAt === undefined ? {} : { lastBatchAt: deletedAt };
  const settled = settleClaims({ ...nextState, deleting, ...last }, executed, before);
  return settleScaling(settled, { actions, executed, before, endedAt });
}

/** Without all claims no zone has started. What is given back, and nothing else, is no longer on record as claimed. */
function settleClaims(state: RolloutState, executed: readonly Executed[], before: RolloutState): RolloutState {
  const results = (kind: RolloutAction["kind"], done: boolean) =>
    executed.filter(({ action, outcome }) => action.kind === kind && (outcome.result === "done") === done);
  const { rollout } = state;
  const starts = rollout !== undefined && results("ClaimStatefulSet", false).length === 0;
  const released = results("ReleaseClaim", true).flatMap(({ action }) =>
    "statefulSet" in action ? [action.statefulSet] : [],
  );
  return {
    ...state,
    ...(rollout === undefined || starts ? {} : { rollout: withoutNewZones(rollout, before.rollout) }),
    claimed: state.claimed.filter((name) => !released.includes(name)),
  };
}

/** How an intended scale-down stands, and why replicas could not be written. */
function settleScaling(
  state: RolloutState,
  {
    actions,
    executed,
    before,
    endedAt,
  }: { actions: readonly RolloutAction[]; executed: readonly Executed[]; before: RolloutState; endedAt: string },
): RolloutState {
  const { scaleDown, scaleFailures = {}, delayed: asking, ...rest } = state;
  const delayed = settleDelays(asking ?? {}, before.delayed ?? {}, executed);
  let record = scaleDown;
  const failures = { ...scaleFailures };
  const intended = actions.some((action) => action.kind === "ScaleStatefulSet" && action.to < action.from);
  if (intended) record = before.scaleDown;
  for (const { action, outcome, prepared, asked } of executed) {
    const { result, message = "" } = outcome;
    if (action.kind === "ScaleStatefulSet") {
      if (action.to < action.from && scaleDown !== undefined)
        record = afterScaleDown(
          { intended: scaleDown, before: before.scaleDown, overAt: plusMs(endedAt, REQUEST_MS) },
          outcome,
          prepared,
        );
      if (result === "done") delete failures[action.statefulSet];
      // What pods answered that have to wait is kept with them.
      if (result !== "refused" || asked !== undefined) continue;
      const reason = PREPARE_FAILED.test(message) ? "PrepareDownscaleFailed" : "ScaleRefused";
      const told = `${action.statefulSet} stays at ${action.from} replicas (${action.to} wanted): ${message.replace(PREPARE_FAILED, "")}`;
      const direction = action.to < action.from ? "down" : "up";
      failures[action.statefulSet] = { at: action.at, reason, message: told, direction };
    } else if (action.kind === "UndoPrepareDownscale") {
      if (result === "done" || record === undefined) record = undefined;
      else if (result !== "skipped")
        record = { ...record, undone: (record.undone ?? 0) + 1, undoneAt: action.at, trouble: message };
    }
  }
  return {
    ...rest,
    ...(record === undefined ? {} : { scaleDown: record }),
    ...(Object.keys(delayed).length === 0 ? {} : { delayed }),
    ...(Object.keys(failures).length === 0 ? {} : { scaleFailures: failures }),
  };
}

/** What is left of a scale-down, or of the one before, which may have left pods prepared. */
function afterScaleDown(
  { intended, before, overAt }: { intended: ScaleDown; before: ScaleDown | undefined; overAt: string },
  { result }: Executed["outcome"],
  prepared: Executed["prepared"],
): ScaleDown | undefined {
  if (result === "done") return { ...intended, done: true };
  if (result === "failed") return { ...intended, mayComeUntil: overAt };
  if (prepared === true) return intended;
  if (before?.endpoint === undefined || before.done === true) return undefined;
  if (before.uid !== intended.uid || intended.from <= before.to) return undefined;
  return prepared === false && covers(intended, before) ? undefined : before;
}

/** Whether pods that were told that they stay are all that an earlier try may have prepared. */
const covers = ({ endpoint, pods }: ScaleDown, before: ScaleDown): boolean =>
  endpoint?.port === before.endpoint?.port &&
  endpoint?.path === before.endpoint?.path &&
  before.pods.every((pod) => pods.includes(pod));

/** What is known of mirrored resources after their statuses were written, or were not. */
export function noteWriteBacks(
  mirrors: Readonly<Record<string, MirrorReading>>,
  executed: readonly Executed[],
): Record<string, MirrorReading> {
  const known = { ...mirrors };
  for (const { action, outcome } of executed) {
    if (action.kind !== "WriteBackReplicas") continue;
    const key = mirrorKey({ ...action.type, name: action.name });
    const reading = known[key];
    if (reading === undefined || "reason" in reading) continue;
    const reason = outcome.result === "refused" ? "Forbidden" : "NotWritten";
    const message = `status of ${action.type.kind} ${action.name} could not be written: ${outcome.message}`;
    const refused = { reason, message } as const;
    known[key] = outcome.result === "done" ? { ...reading, statusReplicas: action.replicas } : { ...reading, refused };
  }
  return known;
}

/** Whether a write was refused or failed in a way that holds the rollout; replicas that stay as they are do not. */
export function holdsRollout({ action, outcome }: Executed): boolean {
  if (outcome.result === "failed") return action.kind !== "WriteBackReplicas";
  return outcome.result === "refused" && !isReplicaAction(action);
}
