import { describeSetting, type Setting } from "./draw.ts";
import { KINDS, type Kind, type Tally } from "./kinds.ts";
import type { Outcome } from "./simulate.ts";

/** Lines of a transcript that are shown: the first ones, and the end. */
const SHOWN = { first: 15, last: 85 };

/** What many simulations came to. */
export interface Summary {
  seeds: number;
  events: number;
  deletes: number;
  passes: number;
  /** How often each kind happened, and in how many simulations. */
  happened: Tally;
  simulations: Tally;
  failures: string[];
}

export const emptySummary = (): Summary => ({
  seeds: 0,
  events: 0,
  deletes: 0,
  passes: 0,
  happened: {},
  simulations: {},
  failures: [],
});

/** Adds one outcome, or the outcomes of others, to a summary. */
export function add(summary: Summary, more: Summary): void {
  summary.seeds += more.seeds;
  summary.events += more.events;
  summary.deletes += more.deletes;
  summary.passes += more.passes;
  summary.failures.push(...more.failures);
  for (const kind of KINDS) {
    count(summary.happened, kind, more.happened[kind]);
    count(summary.simulations, kind, more.simulations[kind]);
  }
}

export function summaryOf(setting: Setting, outcome: Outcome): Summary {
  const kinds = KINDS.filter((kind) => (outcome.tally[kind] ?? 0) > 0);
  const { events, deletes, passes, tally } = outcome;
  return {
    seeds: 1,
    events,
    deletes,
    passes,
    happened: tally,
    simulations: Object.fromEntries(kinds.map((kind) => [kind, 1])),
    failures: outcome.problems.length === 0 ? [] : [describeFailure(setting, outcome)],
  };
}

/** One line about all of it. */
export function describeSummary(summary: Summary, seconds: number): string {
  const { seeds, events, deletes, passes, happened } = summary;
  const faults = KINDS.map((kind) => `${kind} ${happened[kind] ?? 0}`).join(", ");
  return `simulations: ${seeds} seeds, ${events} events, ${passes} passes, ${deletes} deletes in ${seconds.toFixed(1)} s; ${faults}`;
}

/** The seed, how to see it alone, what befell it, and what happened. */
function describeFailure(setting: Setting, { seed, problems, transcript }: Outcome): string {
  const { first, last } = SHOWN;
  const left = transcript.length - first - last;
  const lines =
    left <= 0 ? transcript : [...transcript.slice(0, first), `        … ${left} lines …`, ...transcript.slice(-last)];
  return [
    `seed ${seed}: ${problems.join("; ")}`,
    `alone: OUTRIGGER_SEED=${seed} npx vitest run --project unit test/simulation/random`,
    describeSetting(setting),
    ...lines,
  ].join("\n");
}

function count(tally: Tally, kind: Kind, more = 0): void {
  if (more > 0) tally[kind] = (tally[kind] ?? 0) + more;
}
