import type { BusEvent } from "../work/reconciler.ts";
import type { Plan } from "./plan.ts";
import type { Announced } from "./state.ts";

/**
 * Events people care about that have come true since the last announcement: a rollout started, a zone or the rollout
 * completed, it is held, stalled or aborted. `subject` is part of each event's detail.
 */
export function announce(
  before: Announced,
  plan: Plan,
  subject: Record<string, unknown>,
): { events: BusEvent[]; announced: Announced } {
  const { phase, reason, message, times, nextState } = plan;
  const events: BusEvent[] = [];
  const tell = (what: string, detail: Record<string, unknown> = {}): void => {
    events.push({ detailType: `Rollout ${what}`, detail: { ...subject, startedAt: times.startedAt, ...detail } });
  };
  // A rollout of which no member is left ends untold, and the one before it was told of.
  const isEarlier = nextState.rollout === undefined && (times.startedAt ?? "") < (before.startedAt ?? "");
  const known =
    isEarlier ||
    times.startedAt === before.startedAt ||
    (nextState.rollout === undefined && before.startedAt === undefined);
  const told = known ? before : { zones: [], phase: "" };
  if (!known && times.startedAt !== undefined) {
    tell("Started", { statefulSets: Object.keys(nextState.rollout?.revisions ?? {}) });
  }
  // One that was complete before another's template changed was told of with the rollout until then.
  const finished = Object.entries(times.zones).filter(
    ([, { finishedAt }]) => finishedAt !== undefined && finishedAt >= (times.startedAt ?? ""),
  );
  for (const [zone, { finishedAt }] of finished) {
    if (!isEarlier && !told.zones.includes(zone)) tell("Zone Completed", { zone, finishedAt });
  }
  if (phase !== told.phase && (phase === "Held" || phase === "Stalled")) tell(phase, { reason, message });
  const aborted = phase === "Paused" && reason === "Aborted";
  if (aborted && told.phase !== "Aborted") tell("Aborted", { message });
  const completed = before.phase === "Completed" ? before.startedAt : before.completed;
  const completes = phase === "Completed" && times.startedAt !== undefined;
  if (completes && completed !== times.startedAt) {
    tell(plan.reason === "RolledBack" ? "Rolled Back" : "Completed", { finishedAt: times.finishedAt });
  }
  const last = completes ? times.startedAt : completed;
  const announced = {
    ...(times.startedAt === undefined ? {} : { startedAt: times.startedAt }),
    zones: finished.map(([zone]) => zone),
    phase: aborted ? "Aborted" : phase,
    ...(last === undefined ? {} : { completed: last }),
  };
  return { events, announced };
}
