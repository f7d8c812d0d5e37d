import { type DelayPlan, planDelays } from "./delayed-plan.ts";
import { goingPods } from "./going-pods.ts";
import { type Observation, objectName } from "./observation.ts";
import { idleSeconds } from "./plan-timing.ts";
import { MALFORMED } from "./pod-endpoint.ts";
import type { ReplicaAction, ScaleAction, WriteBackAction } from "./replica-actions.ts";
import { hasReplicaRules } from "./replica-annotations.ts";
import { isUndoDue, type Standing } from "./replica-record.ts";
import { mayUndo, undoOf, undoWait } from "./replica-undo.ts";
import { type Follower, followersOf, isWish, type ScaleWait, type Wish, wishFor } from "./replica-wishes.ts";
import { CONTROLLERS_RULE } from "./safety-controllers.ts";
import { goNow, type ScaleContext } from "./safety-replicas.ts";
import type { Candidate, Hold, SafetyRule } from "./safety-rule.ts";
import { STOP_RULES } from "./safety-stops.ts";
import type { ReplicaMemory, RolloutState, ScaleDown } from "./state.ts";
import { secondsLeft } from "./time.ts";

/** Replicas that could not be written are tried again after this, seconds. */
const RETRY_SECONDS = 60;
/** What only an event ends is looked at again this often, seconds. */
const POLL_SECONDS = 10;
/** Waits that only people end: they are looked at as seldom as a group at rest. */
const UNTIL_PEOPLE: readonly string[] = [
  "Aborted",
  "LeaderCycle",
  "LeaderMissing",
  "MalformedAnnotation",
  "MinTimeMissing",
  "MirrorForbidden",
  "MirrorNotFound",
  "MirrorUnreadable",
  "NoDownscale",
  "Paused",
  "PausedByOrder",
];

/** Waits for pods that have to be asked first. */
const DELAY_REASONS: readonly string[] = ["WaitingForDelay", "DelayedDownscaleFailed"];
/** What keeps pods from being asked to prepare for a delayed downscale, which disrupts nothing yet. */
const ASK_RULES: readonly SafetyRule[] = [...STOP_RULES, CONTROLLERS_RULE];

/** What becomes of the replicas of a group. */
export interface ScalingPlan {
  /** Whether any rule about replicas stands on a member. */
  inUse: boolean;
  actions: ReplicaAction[];
  /** Why replicas stay as they are although others are wanted, in name order. */
  waits: ScaleWait[];
  warnings: string[];
  /** Whether something could be done now, for which the pods have to be read. */
  needsView: boolean;
  /** What is to be asked before it can be decided. */
  asks: "AskingGates" | "LookingForControllers" | undefined;
  /** Seconds after which to look again; undefined when nothing waits. */
  dueInSeconds: number | undefined;
  nextState: Pick<RolloutState, "replicas" | "scaleDown" | "delayed" | "scaleFailures">;
}

export interface ScalingInput {
  observation: Observation;
  state: RolloutState;
  memory: ReplicaMemory;
  standing: Standing | undefined;
  context: ScaleContext;
  /** What keeps the whole group untouched. */
  refusal: Hold | undefined;
}

/** Replicas decided as data: wishes by the rules on the StatefulSets, the safety rules over each scale-down, one at a time. */
export function planScaling(input: ScalingInput): ScalingPlan {
  const { observation, state, memory, standing, refusal } = input;
  const now = observation.observedAt;
  const group = followersOf(observation.statefulSets, observation.mirrors ?? {}, memory);
  const failures = state.scaleFailures ?? {};
  const unseen = standing?.type === "unseen" ? standing.record.statefulSet : undefined;
  const found = group.flatMap((follower) => {
    if (follower.name === unseen) return [];
    const wish = wishFor(follower, group, { now, delayed: state.delayed });
    if (!isWish(wish)) return wish ?? [];
    const failure = failures[wish.statefulSet];
    const left = failure === undefined ? 0 : secondsLeft(failure.at, RETRY_SECONDS, now);
    if (failure === undefined || left === 0) return wish;
    const { reason, message, direction } = failure;
    if (direction !== undefined && direction !== (wish.to < wish.from ? "down" : "up")) return wish;
    return { statefulSet: wish.statefulSet, reason, message, wakeInSeconds: left };
  });
  const wishes = found.filter(isWish);
  const waits = found.flatMap((one) => (isWish(one) ? [] : [one]));
  const writeBacks = writeBacksOf(group, observation);
  const scales: ScaleAction[] = [];
  let open = wishes;
  if (refusal !== undefined || observation.pods === undefined) {
    const held = wishes.flatMap((wish) => {
      const hold = refusal ?? stopOf(wish, input.context);
      return hold === undefined ? [] : [{ wish, hold }];
    });
    waits.push(...held.map(({ wish, hold }) => waitFor(wish, hold)));
    open = wishes.filter((wish) => !held.some((each) => each.wish === wish));
  } else {
    for (const wish of wishes.filter(({ from, to }) => to > from)) scales.push(scaleOf(wish, [], group, observation));
    const { scale, waits: more } = planScaleDown(input, group, wishes);
    if (scale !== undefined) scales.push(scale);
    waits.push(...more);
  }
  const delays = planDelays(group, {
    observation,
    state,
    refusal,
    // Other controllers are looked for once the pods are read.
    holdOf: (wish) => firstHold(observation.pods === undefined ? STOP_RULES : ASK_RULES, wish, input.context),
    scaled: [...scales.map(({ statefulSet }) => statefulSet), ...(unseen === undefined ? [] : [unseen])],
    unseen,
  });
  const left = standing?.type === "unfinished" && !isCompleted(standing, scales) ? standing : undefined;
  const undo = mayUndo(refusal) ? undoOf(left, observation) : [];
  const undoing = undoWait(left, { refusal, now });
  // A wait of its own says more than that it is being undone.
  const known = waits.some(({ statefulSet }) => statefulSet === undoing?.statefulSet);
  if (undoing !== undefined && (!known || left?.record.trouble !== undefined)) waits.push(undoing);
  const told = mergeDelayWaits(waits, delays);
  const record = recordOf(input, scales);
  const kept = Object.entries(failures).filter(([name]) => found.some(({ statefulSet }) => statefulSet === name));
  const idle = idleSeconds(input.context.spec);
  const wakes = told.map(({ reason, wakeInSeconds }) => {
    return wakeInSeconds ?? (refusal !== undefined || UNTIL_PEOPLE.includes(reason) ? idle : POLL_SECONDS);
  });
  if (delays.dueInSeconds !== undefined) wakes.push(delays.dueInSeconds);
  return {
    inUse: observation.statefulSets.some(hasReplicaRules),
    actions: [
      ...undo,
      ...scales,
      ...delays.actions,
      ...(refusal === undefined && observation.pods !== undefined ? writeBacks : []),
    ],
    waits: told.sort((a, b) => (a.statefulSet < b.statefulSet ? -1 : 1)),
    warnings: group.flatMap(({ rules }) => rules.problems),
    needsView:
      delays.needsView ||
      (refusal === undefined
        ? open.length > 0 || standing !== undefined || writeBacks.length > 0
        : mayUndo(refusal) && left !== undefined && isUndoDue(left.record, now)),
    asks: (["AskingGates", "LookingForControllers"] as const).find((asked) =>
      told.some(({ reason }) => reason === asked),
    ),
    dueInSeconds:
      wakes.length > 0
        ? Math.max(1, Math.min(...wakes))
        : standing === undefined
          ? undefined
          : refusal === undefined
            ? POLL_SECONDS
            : idle,
    nextState: {
      ...(Object.keys(memory).length === 0 ? {} : { replicas: memory }),
      ...(record === undefined ? {} : { scaleDown: record }),
      ...(Object.keys(delays.delayed).length === 0 ? {} : { delayed: delays.delayed }),
      ...(kept.length === 0 ? {} : { scaleFailures: Object.fromEntries(kept) }),
    },
  };
}

/** What people have stopped is known before the pods are read. Replicas go up all the same. */
function stopOf(wish: Wish, context: ScaleContext): Hold | undefined {
  if (wish.to > wish.from) return undefined;
  return firstHold(STOP_RULES, wish, context);
}

function firstHold(rules: readonly SafetyRule[], wish: Wish, context: ScaleContext): Hold | undefined {
  const going = goingPods(wish, context.zones);
  return rules.map((rule) => rule.apply(going, context).hold).find((hold) => hold !== undefined);
}

/** Pods that are not asked wait for what keeps them from it; of a StatefulSet that waits anyway no undo is told that is under way. */
function mergeDelayWaits(waits: readonly ScaleWait[], { held, waits: undoing }: DelayPlan): ScaleWait[] {
  const known = new Set(waits.map(({ statefulSet }) => statefulSet));
  const others = undoing.filter(
    ({ statefulSet, reason }) => reason !== "UndoingPrepareDownscale" || !known.has(statefulSet),
  );
  const told = waits.map((wait) => {
    const found = DELAY_REASONS.includes(wait.reason) ? held.get(wait.statefulSet) : undefined;
    return found === undefined ? wait : waitFor(found.wish, found.hold);
  });
  return [...told, ...others];
}

/** At most one StatefulSet is scaled down at a time; one whose pods were prepared already comes first. */
function planScaleDown(
  { observation, context, standing }: ScalingInput,
  group: readonly Follower[],
  wishes: readonly Wish[],
): { scale?: ScaleAction; waits: ScaleWait[] } {
  const record = standing?.record;
  const mine = (wish: Wish): boolean => wish.statefulSet === record?.statefulSet;
  const downs = wishes.filter(({ from, to }) => to < from).sort((a, b) => Number(mine(b)) - Number(mine(a)));
  const waits: ScaleWait[] = [];
  for (const wish of downs) {
    const { statefulSet } = wish;
    if (record !== undefined && !(standing?.type === "unfinished" && mine(wish) && wish.to <= record.to)) {
      const message = `${statefulSet} is scaled down once that of ${record.statefulSet} to ${record.to} replicas is over.`;
      waits.push({ statefulSet, reason: "WaitingForScaleDown", message });
      continue;
    }
    const { going, hold } = goNow(goingPods(wish, context.zones), context);
    if (hold !== undefined) {
      waits.push(waitFor(wish, hold));
      continue;
    }
    const scale = scaleOf(wish, going, group, observation);
    const rest = downs.slice(downs.indexOf(wish) + 1).map((other) => ({
      statefulSet: other.statefulSet,
      reason: "WaitingForScaleDown",
      message: `${other.statefulSet} is scaled down after ${statefulSet}.`,
    }));
    return { scale, waits: [...waits, ...rest] };
  }
  return { waits };
}

function scaleOf(
  { statefulSet: name, from, to, reason }: Wish,
  going: readonly Candidate[],
  group: readonly Follower[],
  observation: Observation,
): ScaleAction {
  const { statefulSet, rules } = group.find((follower) => follower.name === name) as Follower;
  const endpoint = to < from && rules.prepare !== MALFORMED ? rules.prepare : undefined;
  // A pod that does not run cannot answer, and has nothing to prepare.
  const pods = endpoint === undefined ? going : going.filter(({ pod }) => pod.running);
  return {
    kind: "ScaleStatefulSet",
    object: objectName(observation, name),
    reason,
    statefulSet: name,
    uid: statefulSet.metadata.uid ?? "",
    generation: statefulSet.metadata.generation ?? 0,
    from,
    to: to < from ? from - going.length : to,
    at: observation.observedAt,
    pods: pods.map(({ pod }) => pod.name),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(to < from && typeof rules.delay === "object"
      ? { delay: { ...rules.delay, pods: going.map(({ pod }) => pod.name) } }
      : {}),
  };
}

const isCompleted = ({ record }: Standing, scales: readonly ScaleAction[]): boolean =>
  scales.some(({ statefulSet, from, to }) => to < from && statefulSet === record.statefulSet);

/** Of a StatefulSet that is claimed and not selected any more it is kept until that is given back, for which its pods go on. */
function recordOf(
  { standing, state, observation }: ScalingInput,
  scales: readonly ScaleAction[],
): ScaleDown | undefined {
  const down = scales.find(({ from, to }) => to < from);
  if (down !== undefined) {
    const { statefulSet, uid, generation, from, to, pods, endpoint } = down;
    return { statefulSet, uid, generation, from, to, pods, ...(endpoint === undefined ? {} : { endpoint }) };
  }
  const { scaleDown: kept, claimed } = state;
  if (kept?.endpoint === undefined || kept.done === true || !claimed.includes(kept.statefulSet))
    return standing?.record;
  const left = !observation.statefulSets.some(({ metadata }) => metadata.name === kept.statefulSet);
  return left ? kept : standing?.record;
}

/** Of several StatefulSets that mirror one resource the first by name is written back. */
function writeBacksOf(group: readonly Follower[], observation: Observation): WriteBackAction[] {
  const taken = new Set<string>();
  return group.flatMap(({ name: statefulSet, replicas, rules, mirror }) => {
    if (mirror === undefined || "reason" in mirror || rules.mirror?.writeBack !== true) return [];
    const { type, name, statusReplicas, refused } = mirror;
    const resource = `${type.apiVersion}/${type.plural}/${name}`;
    const mine = !taken.has(resource);
    taken.add(resource);
    if (!mine || refused !== undefined || statusReplicas === replicas) return [];
    const object = `${type.kind} ${objectName(observation, name)}`;
    return [{ kind: "WriteBackReplicas" as const, object, reason: "Mirrored", statefulSet, type, name, replicas }];
  });
}

/** Rules that stop everything count outdated pods in what they say. */
const waitFor = ({ statefulSet, from, to }: Wish, { phase, reason, message, wakeInSeconds }: Hold): ScaleWait => ({
  statefulSet,
  reason,
  message:
    phase === "Paused"
      ? `${statefulSet} stays at ${from} replicas, ${to} are wanted, until the rollout goes on.`
      : message,
  ...(wakeInSeconds === undefined ? {} : { wakeInSeconds }),
});
