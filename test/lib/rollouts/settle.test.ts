import { expect, test } from "vitest";
import type { Executed } from "../../../lib/rollouts/attempt.ts";
import { settle } from "../../../lib/rollouts/settle.ts";
import { freshState } from "../../../lib/rollouts/state.ts";
import { at, OWNER } from "./group.ts";
import { claimed, plan } from "./plan-row.ts";

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

const taken = planned.actions.map((action): Executed => {
  const { kind, object, reason } = action;
  return { action, outcome: { kind, object, reason, result: kind === "ClaimStatefulSet" ? "refused" : "skipped" } };
});

test("a zone has not started where a StatefulSet could not be claimed", () => {
  const { rollout } = settle(planned, taken, before, { endedAt: at(3), deletedAt: undefined });
  expect(rollout?.members.map(({ name }) => name)).toEqual(["ingester-a"]);
  expect(rollout?.zones).toEqual({});
  const { rollout: begun } = settle(planned, executedWith("done"), before, { endedAt: at(3), deletedAt: undefined });
  expect(Object.keys(begun?.zones ?? {})).toEqual(["a"]);
});

test.each([
  ["is off the record once it was given back", "done", []],
  ["stays on record while it could not be", "failed", ["ingester-a"]],
] as const)("a claim %s", (_what, result, left) => {
  const parts = { a: claimed(OWNER), b: claimed("hub/mimir/other") };
  const state = { ...before, claimed: ["ingester-a"] };
  const leaving = plan({ pods: { a: "oo", b: "oo" }, parts, state, phase: "Held" });
  const executed = leaving.actions.map((action): Executed => {
    const { kind, object, reason } = action;
    return { action, outcome: { kind, object, reason, result } };
  });
  expect(executed.map(({ outcome }) => outcome.kind)).toEqual(["ReleaseClaim"]);
  expect(settle(leaving, executed, state, { endedAt: at(3), deletedAt: undefined }).claimed).toEqual(left);
});
