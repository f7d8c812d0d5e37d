import type { StatefulSet } from "../kubernetes/objects.ts";
import { type Observation, objectName } from "./observation.ts";
import type { UndoAction } from "./replica-actions.ts";
import { isUndoDue, preparedPods, type Standing, undoDueInSeconds } from "./replica-record.ts";
import type { ScaleWait } from "./replica-wishes.ts";
import type { Hold } from "./safety-rule.ts";
import type { ScaleDown } from "./state.ts";

/** What is told of a preparation that has just been found unfinished is looked at again after this, seconds. */
const LOOK_AGAIN_SECONDS = 10;

/** Whether pods may be told that they stay: in a group that nothing may be written to as well, but not in another owner's. */
export const mayUndo = (refusal: Hold | undefined): boolean => refusal?.reason !== "Overlap";

/** Tells the pods of a scale-down that will not come to go on: those of them that are still wanted. */
export function undoAction(
  { statefulSet, pods, endpoint }: ScaleDown & Pick<UndoAction, "endpoint">,
  found: StatefulSet | undefined,
  told: Pick<UndoAction, "object" | "reason" | "at">,
): UndoAction {
  const staying = found === undefined ? [] : preparedPods({ pods }, found);
  return { kind: "UndoPrepareDownscale", ...told, statefulSet, pods: staying, endpoint };
}

/** What was prepared and is not scaled down now after all goes on. */
export function undoOf(standing: Standing | undefined, observation: Observation): UndoAction[] {
  if (standing?.type !== "unfinished" || observation.pods === undefined) return [];
  const { record } = standing;
  const { statefulSet: name, endpoint } = record;
  const at = observation.observedAt;
  if (endpoint === undefined || !isUndoDue(record, at)) return [];
  const found = observation.statefulSets.find(({ metadata }) => metadata.name === name);
  const told = { object: objectName(observation, name), reason: "NotScaledDown", at };
  return [undoAction({ ...record, endpoint }, found, told)];
}

/** What is told for as long as pods may be prepared for a scale-down that does not come; undefined when there are none. */
export function undoWait(
  standing: Standing | undefined,
  { refusal, now }: { refusal: Hold | undefined; now: string },
): ScaleWait | undefined {
  if (standing?.type !== "unfinished") return undefined;
  const { statefulSet, trouble } = standing.record;
  return tellingWait(statefulSet, {
    what: `${statefulSet} is not scaled down, and pods of it may still be prepared for it`,
    refusal,
    trouble: trouble?.replace(/^\w+: /, ""),
    dueInSeconds: undoDueInSeconds(standing.record, now),
  });
}

/** What is said while pods are to hear that they stay. */
export function tellingWait(
  statefulSet: string,
  told: { what: string; refusal: Hold | undefined; trouble: string | undefined; dueInSeconds: number },
): ScaleWait {
  const { what, refusal, trouble, dueInSeconds } = told;
  if (refusal !== undefined && !mayUndo(refusal))
    return { statefulSet, reason: refusal.reason, message: `${what}: ${refusal.message}` };
  if (trouble === undefined) {
    const message = `${what}: they are told that they stay.`;
    return { statefulSet, reason: "UndoingPrepareDownscale", message, wakeInSeconds: LOOK_AGAIN_SECONDS };
  }
  const wakeInSeconds = Math.max(1, dueInSeconds);
  return { statefulSet, reason: "UndoPrepareDownscaleFailed", message: `${what}: ${trouble}`, wakeInSeconds };
}
