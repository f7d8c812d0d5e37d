import type { StatefulSet } from "../kubernetes/objects.ts";
import { planCancel, runs } from "./delayed-cancel.ts";
import { ASK_AGAIN_SECONDS, ASK_FAILED_SECONDS, podsToGo } from "./delayed-wish.ts";
import { endOrdinal } from "./members.ts";
import { type Observation, objectName } from "./observation.ts";
import { type DelayedDownscale, sameEndpoint } from "./pod-endpoint.ts";
import { ordinalOf } from "./pods.ts";
import type { AskDelayedAction, CancelDelayedAction } from "./replica-actions.ts";
import { type Follower, isKept, isWish, type ScaleWait, type Wish, wantedReplicas } from "./replica-wishes.ts";
import type { Hold } from "./safety-rule.ts";
import type { Delayed, RolloutState } from "./state.ts";
import { secondsLeft } from "./time.ts";

/** What becomes of the pods of a group that wait for a delayed downscale, or waited for one that does not come. */
export interface DelayPlan {
  actions: (AskDelayedAction | CancelDelayedAction)[];
  /** What keeps pods from being asked, by StatefulSet. */
  held: ReadonlyMap<string, { wish: Wish; hold: Hold }>;
  /** Pods that may be prepared although they stay. */
  waits: ScaleWait[];
  /** Whether something could be done now, for which the pods have to be read. */
  needsView: boolean;
  /** Seconds after which to look at pods again that did not run; undefined when there are none. */
  dueInSeconds: number | undefined;
  delayed: NonNullable<RolloutState["delayed"]>;
}

export interface DelayInput {
  observation: Observation;
  state: Pick<RolloutState, "delayed" | "claimed">;
  /** What keeps the whole group untouched. */
  refusal: Hold | undefined;
  /** What keeps pods from being asked to prepare. */
  holdOf: (wish: Wish) => Hold | undefined;
  /** StatefulSets that are scaled down now: their pods are asked right before that. */
  scaled: readonly string[];
  /** The StatefulSet whose scale-down may have been carried out and is not seen: its pods may be going. */
  unseen: string | undefined;
}

/** Decides whom to ask to prepare for a delayed downscale, and whom to tell that it stays. */
export function planDelays(group: readonly Follower[], input: DelayInput): DelayPlan {
  const { delayed: known = {}, claimed } = input.state;
  const selected = new Set(group.map(({ name }) => name));
  // What was prepared of a StatefulSet that is not selected any more is kept until that is given back.
  const delayed = Object.fromEntries(
    Object.entries(known).filter(([name]) => !selected.has(name) && claimed.includes(name)),
  );
  const held = new Map<string, { wish: Wish; hold: Hold }>();
  const actions: DelayPlan["actions"] = [];
  const waits: ScaleWait[] = [];
  const dues: number[] = [];
  let needsView = false;
  for (const follower of group) {
    const { name, statefulSet, rules } = follower;
    const record = known[name]?.uid === statefulSet.metadata.uid ? known[name] : undefined;
    const wish = delayedWish(follower, group);
    const mayGo = name === input.unseen;
    const cancel = mayGo
      ? undefined
      : record && planCancel(record, { ...input, statefulSet, delay: rules.delay, wish });
    if (cancel?.action !== undefined) actions.push(cancel.action);
    if (cancel?.wait !== undefined) waits.push(cancel.wait);
    if (cancel?.dueInSeconds !== undefined) dues.push(cancel.dueInSeconds);
    const kept = cancel?.isOver === true ? undefined : record;
    const { delay } = rules;
    const asks = typeof wish === "object" && typeof delay === "object" && !input.scaled.includes(name);
    const ask = asks ? planAsk(kept, { ...input, statefulSet, delay, wish }) : {};
    if (ask.hold !== undefined && typeof wish === "object") held.set(name, { wish, hold: ask.hold });
    if (ask.action !== undefined) actions.push(ask.action);
    needsView ||= cancel?.needsView === true || ask.needsView === true;
    const next = ask.record ?? kept;
    if (next !== undefined) delayed[name] = { ...next, since: sinceOfPresent(next, statefulSet) };
  }
  return { actions, held, waits, needsView, dueInSeconds: dues.length === 0 ? undefined : Math.min(...dues), delayed };
}

/** A pod that was scaled away and comes back has to answer anew. */
const sinceOfPresent = ({ since }: Delayed, statefulSet: StatefulSet): Delayed["since"] =>
  Object.fromEntries(Object.entries(since).filter(([pod]) => ordinalOf(pod) < endOrdinal(statefulSet)));

/** The scale-down for which pods wait, or go without any delay by now; "unknown" while it cannot be told whether there is one. */
function delayedWish(follower: Follower, group: readonly Follower[]): Wish | "unknown" | undefined {
  if (isKept(follower)) return undefined;
  const wish = wantedReplicas(follower, group);
  if (!isWish(wish)) return follower.rules.delay === undefined ? undefined : "unknown";
  return wish.to < wish.from ? wish : undefined;
}

/** Asks the pods that go when not all have answered, or their answers are old. */
function planAsk(
  known: Delayed | undefined,
  {
    observation,
    refusal,
    holdOf,
    statefulSet,
    delay,
    wish,
  }: DelayInput & { statefulSet: StatefulSet; delay: DelayedDownscale; wish: Wish },
): { action?: AskDelayedAction; hold?: Hold; needsView?: boolean; record?: Delayed } {
  const { observedAt: at, pods } = observation;
  const { name, uid = "" } = statefulSet.metadata;
  const { endpoint } = delay;
  if (known !== undefined && !sameEndpoint(known.endpoint, endpoint)) return {};
  const going = podsToGo(wish, statefulSet);
  if (!isAskDue(known, going, at)) return {};
  const hold = refusal ?? holdOf(wish);
  if (hold !== undefined) return { hold };
  if (pods === undefined) return { needsView: true };
  const running = going.filter((pod) => runs(pods, pod));
  const action: AskDelayedAction = {
    kind: "PrepareDelayedDownscale",
    object: objectName(observation, name),
    reason: wish.reason,
    statefulSet: name,
    at,
    pods: running,
    absent: going.filter((pod) => !running.includes(pod)),
    endpoint,
  };
  // Where nothing is known, whoever scaled it before may have asked others: those that stay are told so.
  const before = known?.prepared ?? podsToGo({ from: wish.to, to: 0 }, statefulSet);
  const record = { ...(known ?? { uid, endpoint, since: {} }), prepared: [...new Set([...before, ...running])] };
  return { action, needsView: true, record };
}

function isAskDue(record: Delayed | undefined, going: readonly string[], now: string): boolean {
  const { askedAt, trouble, since = {} } = record ?? {};
  if (askedAt === undefined) return true;
  if (trouble !== undefined) return secondsLeft(askedAt, ASK_FAILED_SECONDS, now) === 0;
  return going.some((pod) => since[pod] === undefined) || secondsLeft(askedAt, ASK_AGAIN_SECONDS, now) === 0;
}
