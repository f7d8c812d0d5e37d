import type { StatefulSet } from "../kubernetes/objects.ts";
import { podsToGo } from "./delayed-wish.ts";
import { endOrdinal } from "./members.ts";
import { type Observation, objectName } from "./observation.ts";
import { MALFORMED, sameEndpoint } from "./pod-endpoint.ts";
import { ordinalOf } from "./pods.ts";
import type { CancelDelayedAction } from "./replica-actions.ts";
import type { ReplicaRules } from "./replica-annotations.ts";
import { isUndoneOften, undoDueInSeconds } from "./replica-record.ts";
import { mayUndo, tellingWait } from "./replica-undo.ts";
import type { ScaleWait, Wish } from "./replica-wishes.ts";
import type { Hold } from "./safety-rule.ts";
import type { Delayed } from "./state.ts";

/** Pods that are to be told that they stay, and do not run, are looked at again after this, seconds. */
const ABSENT_SECONDS = 60;

/** What becomes of pods that are prepared and stay. */
interface CancelPlan {
  action?: CancelDelayedAction;
  wait?: ScaleWait;
  needsView?: boolean;
  /** Seconds after which to look at pods again that did not run. */
  dueInSeconds?: number;
  /** Whether nothing has to be known of these pods any more. */
  isOver?: boolean;
}

interface CancelInput {
  observation: Observation;
  refusal: Hold | undefined;
  statefulSet: StatefulSet;
  delay: ReplicaRules["delay"];
  /** The scale-down for which pods wait. */
  wish: Wish | "unknown" | undefined;
}

/**
 * Tells pods that were prepared for a delayed downscale and stay that they do: since the wish has gone, or the annotations, or
 * because they name another URL. Under a URL that nobody names any more it is not tried for ever. A pod that goes, also without
 * any delay, is told nothing: it would begin to take data that goes with it.
 */
export function planCancel(record: Delayed, input: CancelInput): CancelPlan {
  const { observation, refusal, statefulSet, delay, wish } = input;
  const { pods, observedAt: at } = observation;
  const { name } = statefulSet.metadata;
  const same = delay !== undefined && (delay === MALFORMED || sameEndpoint(delay.endpoint, record.endpoint));
  if (same && wish === "unknown") return {};
  const end = endOrdinal(statefulSet);
  const going = (same || delay === undefined) && typeof wish === "object" ? podsToGo(wish, statefulSet) : [];
  const present = record.prepared.filter((pod) => ordinalOf(pod) < end);
  const staying = present.filter((pod) => !going.includes(pod));
  // Those that go are not gone yet, and those that were scaled away may come back prepared.
  const isOver = !same ? present.length === 0 : wish === undefined && record.prepared.length === 0;
  if (staying.length === 0) return { isOver };
  if (!same && isUndoneOften(record)) return { isOver: true };
  const told = staying.filter((pod) => pods === undefined || (runs(pods, pod) && !leaves(pods, pod)));
  if (told.length === 0) return { dueInSeconds: ABSENT_SECONDS };
  const left = undoDueInSeconds(record, at);
  const wait = tellingWait(name, {
    what: `${name}: pods that stay may still be prepared for a delayed downscale`,
    refusal,
    trouble: record.undoTrouble,
    dueInSeconds: left,
  });
  if (!mayUndo(refusal) || left > 0) return { wait };
  if (pods === undefined) return { wait, needsView: true };
  return {
    wait,
    needsView: true,
    action: cancelAction(record, told, {
      object: objectName(observation, name),
      statefulSet: name,
      reason: "NotScaledDown",
      at,
    }),
  };
}

/** Tells these pods that they stay. */
export const cancelAction = (
  { endpoint }: Pick<Delayed, "endpoint">,
  pods: string[],
  told: Pick<CancelDelayedAction, "object" | "statefulSet" | "reason" | "at">,
): CancelDelayedAction => ({ kind: "CancelDelayedDownscale", ...told, pods, endpoint });

type Pods = NonNullable<Observation["pods"]>;

/** Whether a pod can answer. */
export const runs = (pods: Pods, name: string): boolean =>
  pods.some(({ metadata, status }) => metadata.name === name && status?.phase === "Running");

/** Whether a pod ends, so that only the one that comes after it stays. */
const leaves = (pods: Pods, name: string): boolean =>
  pods.some(({ metadata }) => metadata.name === name && metadata.deletionTimestamp !== undefined);
