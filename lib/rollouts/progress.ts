import { endOrdinal, type ZoneView } from "./members.ts";
import type { ProgressClock, ZoneTimes } from "./state.ts";
import { secondsBetween, secondsLeft } from "./time.ts";

/** Nobody looked for longer than this: a worker was lost, and what it might have done is not held against the pods. */
const LONGEST_TICK_SECONDS = 45;

/**
 * Advances the clock to `now`; progress (a new highest mark) sets it back to 0. Where fewer replicas are wanted than before, no
 * mark of then can be exceeded, and the present one counts from there on.
 */
export function tickClock(clock: ProgressClock, zones: readonly ZoneView[], now: string): ProgressClock {
  const mark = progressMark(zones);
  const passed = Math.max(0, secondsBetween(clock.tickAt, now));
  const elapsed = clock.running ? Math.min(passed, LONGEST_TICK_SECONDS) : 0;
  const wanted = replicasOf(zones);
  if (mark > clock.mark) return { ...clock, mark, wanted, stuckSeconds: 0, tickAt: now };
  const highest = wanted < (clock.wanted ?? wanted) ? mark : clock.mark;
  return { ...clock, mark: highest, wanted, stuckSeconds: clock.stuckSeconds + elapsed, tickAt: now };
}

/** A clock that starts at `now` with what has been reached. */
export function startClock(zones: readonly ZoneView[], now: string): ProgressClock {
  return { mark: progressMark(zones), wanted: replicasOf(zones), stuckSeconds: 0, tickAt: now, running: false };
}

/**
 * Pods updated, and updated pods available: each counts once, and none that is scaled away. Flapping pods cannot raise the
 * highest mark for ever.
 */
function progressMark(zones: readonly ZoneView[]): number {
  return zones
    .flatMap(({ parts }) =>
      parts.flatMap(({ pods, statefulSet }) => pods.filter(({ ordinal }) => ordinal < endOrdinal(statefulSet))),
    )
    .filter(({ outdated, terminating }) => !outdated && !terminating)
    .reduce((sum, { available }) => sum + (available ? 2 : 1), 0);
}

/** Replicas wanted of all StatefulSets; one that spans zones has a part in each. */
function replicasOf(zones: readonly ZoneView[]): number {
  const all = zones.flatMap(({ parts }) => parts.map(({ name, statefulSet }) => [name, statefulSet] as const));
  return [...new Map(all).values()].reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
}

/** Completion and soak times of the zones that were started. A soak that is broken off begins again. */
export function tickZones(
  times: Readonly<Record<string, ZoneTimes>>,
  zones: readonly ZoneView[],
  soakSeconds: number,
  now: string,
): Record<string, ZoneTimes> {
  const next: Record<string, ZoneTimes> = {};
  for (const [name, time] of Object.entries(times)) {
    const zone = zones.find((each) => each.name === name);
    const done = zone !== undefined && zone.complete && zone.unready.length === 0;
    if (done) next[name] = { ...time, finishedAt: time.finishedAt ?? now, soakFrom: time.soakFrom ?? now };
    else if (zone?.complete === true && time.soakFrom !== undefined && soakLeft(time, soakSeconds, now) === 0) {
      next[name] = time;
    } else next[name] = { startedAt: time.startedAt, ...keepFinish(time, zone) };
  }
  return next;
}

/** Seconds a zone has yet to soak; 0 when it has, or was never worked on. */
export function soakLeft(time: ZoneTimes, soakSeconds: number, now: string): number {
  return time.soakFrom === undefined ? 0 : secondsLeft(time.soakFrom, soakSeconds, now);
}

function keepFinish({ finishedAt }: ZoneTimes, zone: ZoneView | undefined): { finishedAt?: string } {
  return finishedAt !== undefined && zone?.complete !== false ? { finishedAt } : {};
}
