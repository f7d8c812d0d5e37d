import { expect, test } from "vitest";
import { GUARD_CHECK_INTERVAL_MS, type GuardMemory, type GuardPlan, planGuard } from "../../../lib/guards/plan.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const ago = (ms: number, definition?: string): GuardMemory => ({
  checkedAt: new Date(NOW - ms).toISOString(),
  ...(definition === undefined ? {} : { definition }),
});

const ROWS: [sentence: string, protectedSets: number, memory: GuardMemory | undefined, plan: GuardPlan][] = [
  ["nothing labelled, never looked: nothing is attempted", 0, undefined, "rest"],
  ["nothing labelled, and none of ours", 0, ago(1_000_000), "rest"],
  ["the last label is gone", 0, ago(1_000, "today"), "remove"],
  ["the last label is gone after an install that was cut off", 0, ago(1_000, ""), "remove"],
  ["the first label", 1, ago(1_000), "install"],
  ["a label, never looked", 1, undefined, "install"],
  ["in place and read lately", 1, ago(GUARD_CHECK_INTERVAL_MS - 1, "today"), "rest"],
  ["in place and not read for a while", 1, ago(GUARD_CHECK_INTERVAL_MS, "today"), "install"],
  ["another set of names", 2, ago(1_000, "yesterday"), "install"],
  ["an install that was cut off", 1, ago(1_000, ""), "install"],
];

test.each(ROWS)("%s", (_sentence, protectedSets, memory, plan) => {
  expect(planGuard({ protectedSets, definition: "today", memory, nowMs: NOW })).toBe(plan);
});
