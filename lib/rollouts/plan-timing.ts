import type { ZoneView } from "./members.ts";
import type { Hold } from "./safety-rule.ts";
import type { RolloutSpec } from "./spec.ts";
import type { CurrentRollout } from "./state.ts";

/** What does not move by itself is looked at every `intervalSeconds`, within these bounds. */
const IDLE_SECONDS = { min: 10, max: 300 };
/** Pods on their way are looked at less and less often, within these bounds, when nobody watches them. */
const POLL_SECONDS = { min: 2, max: 30 };

/** Seconds after which another plan may come out without any event; undefined when only an event can change it. */
export function wakeInSeconds(
  zones: readonly ZoneView[],
  hold: Hold | undefined,
  rollout: CurrentRollout | undefined,
  spec: RolloutSpec,
): number | undefined {
  const pods = zones.flatMap(({ parts }) => parts.flatMap((part) => part.pods));
  const times = [
    hold?.wakeInSeconds,
    ...pods.map(({ availableInSeconds }) => availableInSeconds),
    rollout?.clock.running === true && rollout.stalledAt === undefined
      ? Math.max(0, spec.progressDeadlineSeconds - rollout.clock.stuckSeconds)
      : undefined,
  ].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Seconds after which to look again at what does not move by itself. */
export const idleSeconds = ({ rollingUpdate }: RolloutSpec): number =>
  clamp(rollingUpdate.intervalSeconds, IDLE_SECONDS);

/** Seconds after which to look again when nobody watches. */
export function dueInSeconds(
  moving: boolean,
  hold: Hold | undefined,
  wake: number | undefined,
  rollout: CurrentRollout | undefined,
  spec: RolloutSpec,
): number {
  const idle = idleSeconds(spec);
  if (!moving) return idle;
  if (hold?.wakeInSeconds !== undefined) return Math.min(hold.wakeInSeconds, idle);
  if (hold?.clockRuns === false) return clamp(idle, POLL_SECONDS);
  const poll = clamp((rollout?.clock.stuckSeconds ?? 0) / 10, POLL_SECONDS);
  return Math.min(poll, wake ?? poll);
}

function clamp(seconds: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, seconds));
}
