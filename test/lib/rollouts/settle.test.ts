import { expect, test } from "vitest";
import type { Executed } from "../../../lib/rollouts/attempt.ts";
import { settle } from "../../../lib/rollouts/settle.ts";
import { freshState } from "../../../lib/rollouts/state.ts";
import { at } from "./group.ts";
import { plan } from "./plan-row.ts";

const before = freshState("uid-resource");
const planned = plan({ pods: { a: "oo" }, phase: "Progressing" });

test.each([
  ["got no answer may come for as long as a request takes after the end of its batch", "failed", [at(13)]],
  ["was carried out is waited for", "done", [undefined]],
  ["found its pod gone is waited for", "alreadyGone", [undefined]],
  ["was refused is over", "refused", []],
  ["was never sent is over", "skipped", []],
] as const)("a delete that %s", (_what, result, mayCome) => {
  const executed = planned.actions.map((action): Executed => {
    const { kind, object, reason } = action;
    return { action, outcome: { kind, object, reason, result: kind === "DeletePod" ? result : "done" } };
  });
  const { deleting } = settle(planned, executed, before, at(3));
  expect(deleting.map(({ mayComeUntil }) => mayComeUntil)).toEqual(mayCome);
});
