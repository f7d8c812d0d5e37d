import type { SafetyContext, SafetyRule } from "./safety-rule.ts";
import { secondsLeft } from "./time.ts";

/** How long the answer "no other controller" holds, seconds. */
export const CONTROLLERS_SECONDS = 60;
/** How long it holds for the first batch of a zone, seconds. */
const ZONE_START_SECONDS = 10;

/**
 * A rollout operator may be scaled up again while a rollout is under way. It is looked for before each zone starts, since
 * the zone before was completed, for that is when two controllers could take two zones; and each minute within one. A
 * request for each, whatever the number of pods.
 */
export const CONTROLLERS_RULE: SafetyRule = {
  name: "other controllers are looked for before a zone starts, and each minute",
  apply(batch, context) {
    const [first] = batch;
    if (first === undefined || holds(context, first.zone.name)) return { keep: batch };
    const message = "Looking for other controllers that could act on the group.";
    const reason = "LookingForControllers";
    return { keep: [], hold: { phase: "Progressing", reason, message, clockRuns: false, wakeInSeconds: 0 } };
  },
};

function holds({ controllersSoughtAt, zoneTimes, now }: SafetyContext, zone: string): boolean {
  if (controllersSoughtAt === undefined) return false;
  if (zoneTimes[zone] !== undefined) return secondsLeft(controllersSoughtAt, CONTROLLERS_SECONDS, now) > 0;
  const finished = Object.values(zoneTimes).flatMap(({ finishedAt }) => finishedAt ?? []);
  const since = finished.every((at) => at <= controllersSoughtAt);
  return since && secondsLeft(controllersSoughtAt, ZONE_START_SECONDS, now) > 0;
}
