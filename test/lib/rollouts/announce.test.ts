import { expect, test } from "vitest";
import { announce } from "../../../lib/rollouts/announce.ts";
import type { Plan } from "../../../lib/rollouts/plan.ts";
import type { Announced } from "../../../lib/rollouts/state.ts";
import { at } from "./group.ts";
import { plan } from "./plan-row.ts";

const base = plan({ pods: { a: "NN" }, phase: "Idle" });
/** A pass in this phase, of the rollout that started then. */
const passes = (phase: Plan["phase"], startedAt: string): Plan => ({
  ...base,
  phase,
  times: { startedAt, finishedAt: startedAt, zones: {} },
});

/** What is told in these passes, one after the other. */
function told(before: Announced, plans: readonly Plan[]): string[] {
  let known = before;
  return plans.flatMap((each) => {
    const { events, announced } = announce(known, each, {});
    known = announced;
    return events.map(({ detailType }) => detailType.replace("Rollout ", ""));
  });
}

const [first, second] = [at(0), at(600)];
const underWay: Announced = { startedAt: first, zones: [], phase: "Progressing" };

test.each<[string, Announced, Plan[], string[]]>([
  ["once", underWay, [passes("Completed", first), passes("Completed", first)], ["Completed"]],
  [
    "once, also when it is held for a while afterwards",
    underWay,
    [passes("Completed", first), passes("Held", first), passes("Idle", first), passes("Completed", first)],
    ["Completed", "Held"],
  ],
  [
    "again of the next one",
    underWay,
    [passes("Completed", first), passes("Held", second), passes("Completed", second)],
    ["Completed", "Started", "Held", "Completed"],
  ],
  [
    "no more where an earlier version has told it",
    { startedAt: first, zones: [], phase: "Completed" },
    [passes("Completed", first), passes("Held", first), passes("Completed", first)],
    ["Held"],
  ],
])("a completed rollout is told of %s", (_sentence, before, plans, events) => {
  expect(told(before, plans)).toEqual(events);
});
