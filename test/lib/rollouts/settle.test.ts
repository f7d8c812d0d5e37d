import { expect, test } from "vitest";
import type { Executed } from "../../../lib/rollouts/attempt.ts";
import { settle } from "../../../lib/rollouts/settle.ts";
import { freshState } from "../../../lib/rollouts/state.ts";
import { at } from "./group.ts";
import { plan } from "./plan-row.ts";

const before = freshState("uid-resource");
const planned = plan({ pods: { a: "oo" }, phase: "Progressing" });
const executedWith = (result: Executed["outcome"]["result"]): Executed[] =>
  planned.actions.map((action) => {
    const { kind, object, reason } = action;
    return { action, outcome: { kind, object, reason, result: kind === "DeletePod" ? result : "done" } };
  });

test.each([
  ["got no answer may come for as long as a request takes after the end of its batch", "failed", [at(13)]],
  ["was carried out is waited for", "done", [undefined]],
  ["found its pod gone is waited for", "alreadyGone", [undefined]],
  ["was refused is over", "refused", []],
  ["was never sent is over", "skipped", []],
] as const)("a delete that %s", (_what, result, mayCome) => {
  const { deleting } = settle(planned, executedWith(result), before, { endedAt: at(3), deletedAt: undefined });
  expect(deleting.map(({ mayComeUntil }) => mayComeUntil)).toEqual(mayCome);
});

test.each([
  ["its last delete, however long it took to get there", "done", at(7), at(7)],
  ["its plan, where no delete was sent", "skipped", undefined, at(0)],
] as const)("the interval after a batch counts from %s", (_what, result, deletedAt, lastBatchAt) => {
  const settled = settle(planned, executedWith(result), before, { endedAt: at(9), deletedAt });
  expect(settled.lastBatchAt).toBe(lastBatchAt);
});
