import type { Executed } from "./attempt.ts";
import type { Asked } from "./delayed-calls.ts";
import type { Delayed, RolloutState } from "./state.ts";

type Delays = NonNullable<RolloutState["delayed"]>;

/**
 * What is known of pods that wait for a delayed downscale, once those that were called have answered.
 * @param before what was known when they were called.
 */
export function settleDelays(planned: Delays, before: Delays, executed: readonly Executed[]): Delays {
  const delayed = { ...planned };
  for (const { action, outcome, asked, told } of executed) {
    if (action.kind === "CancelDelayedDownscale") {
      const record = delayed[action.statefulSet];
      if (record !== undefined && told !== undefined)
        delayed[action.statefulSet] = afterTelling(record, told, { at: action.at, trouble: outcome.message });
    } else if (action.kind === "PrepareDelayedDownscale" || action.kind === "ScaleStatefulSet") {
      const record = delayed[action.statefulSet];
      if (record !== undefined && asked !== undefined)
        delayed[action.statefulSet] = afterAsking(record, asked, {
          at: action.at,
          pods: action.kind === "ScaleStatefulSet" ? (action.delay?.pods ?? []) : [...action.pods, ...action.absent],
          prepared: before[action.statefulSet]?.prepared ?? [],
        });
    }
  }
  return delayed;
}

function afterAsking(
  { trouble: _before, ...record }: Delayed,
  { since, unheard, trouble }: Asked,
  { at, pods, prepared }: { at: string; pods: readonly string[]; prepared: readonly string[] },
): Delayed {
  const others = Object.entries(record.since).filter(([pod]) => !pods.includes(pod));
  return {
    ...record,
    prepared: record.prepared.filter((pod) => prepared.includes(pod) || !unheard.includes(pod)),
    since: { ...Object.fromEntries(others), ...since },
    askedAt: at,
    ...(trouble === undefined ? {} : { trouble }),
  };
}

function afterTelling(
  { undone = 0, undoneAt: _at, undoTrouble: _trouble, ...record }: Delayed,
  told: readonly string[],
  { at, trouble }: { at: string; trouble: string | undefined },
): Delayed {
  return {
    ...record,
    prepared: record.prepared.filter((pod) => !told.includes(pod)),
    since: Object.fromEntries(Object.entries(record.since).filter(([pod]) => !told.includes(pod))),
    ...(trouble === undefined ? {} : { undone: undone + 1, undoneAt: at, undoTrouble: trouble }),
  };
}
