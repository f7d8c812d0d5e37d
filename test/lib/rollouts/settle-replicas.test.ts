import { describe, expect, test } from "vitest";
import type { Executed } from "../../../lib/rollouts/attempt.ts";
import { settle } from "../../../lib/rollouts/settle.ts";
import type { ScaleDown } from "../../../lib/rollouts/state.ts";
import { at } from "./group.ts";
import { plan } from "./plan-row.ts";
import { PREPARE, rules, scaleDown } from "./replica-row.ts";

const endpoint = { port: 80, path: PREPARE.path };
type Came = { result: Executed["outcome"]["result"]; prepared?: boolean };

/** What is kept of a scale-down of b, from 3 to as many as a has, once its one action about replicas came to this. */
function keptAfter(leader: string, came: Came, before: Partial<ScaleDown> | undefined, asks = true): unknown {
  const state = before === undefined ? { ...scaleDown("b"), scaleDown: undefined } : scaleDown("b", before);
  const { scaleDown: record, ...rest } = state;
  const known = { ...rest, ...(record === undefined ? {} : { scaleDown: record }) };
  const parts = { b: rules({ leader: "a", ...(asks ? { prepare: PREPARE } : {}) }) };
  const planned = plan({ pods: { a: leader, b: "NNN" }, parts, state: known, phase: "Idle" });
  const action = planned.actions.find(({ kind }) => kind === "ScaleStatefulSet" || kind === "UndoPrepareDownscale");
  if (action === undefined) throw new Error("nothing is planned about replicas");
  const { kind, object, reason } = action;
  const { result, ...prepared } = came;
  const executed = [{ action, outcome: { kind, object, reason, result, message: "so" }, ...prepared }];
  return settle(planned, executed, known, { endedAt: at(3), deletedAt: undefined }).scaleDown;
}

const record = (changes: Partial<ScaleDown> = {}) => scaleDown("b", { endpoint, ...changes }).scaleDown;

describe("of a scale-down", () => {
  test.each<[string, unknown, unknown]>([
    [
      "that got no answer it is kept until when it may come",
      keptAfter("NN", { result: "failed" }, undefined, false),
      scaleDown("b", { mayComeUntil: at(13) }).scaleDown,
    ],
    ["that was skipped nothing is kept", keptAfter("NN", { result: "skipped" }, undefined), undefined],
    [
      "that was skipped the earlier preparation is kept",
      keptAfter("NN", { result: "skipped" }, { endpoint }),
      record(),
    ],
    [
      "whose StatefulSet had changed the earlier preparation is kept",
      keptAfter("NN", { result: "preconditionFailed" }, { endpoint }),
      record(),
    ],
    [
      "that was refused before any call the earlier preparation is kept",
      keptAfter("NN", { result: "refused" }, { endpoint }),
      record(),
    ],
    [
      "that was taken back nothing is kept",
      keptAfter("NN", { result: "refused", prepared: false }, { endpoint }),
      undefined,
    ],
    [
      "that was taken back under another path the earlier preparation is kept",
      keptAfter("NN", { result: "refused", prepared: false }, { endpoint: { port: 80, path: "other" } }),
      record({ endpoint: { port: 80, path: "other" } }),
    ],
    [
      "that could not be taken back its pods are kept",
      keptAfter("N", { result: "refused", prepared: true }, { endpoint }),
      record({ to: 1, pods: ["ingester-b-2", "ingester-b-1"] }),
    ],
    [
      "whose undo was skipped no try is counted",
      keptAfter("NNN", { result: "skipped" }, { endpoint, undone: 1 }),
      record({ undone: 1 }),
    ],
    [
      "whose undo failed a try is counted",
      keptAfter("NNN", { result: "refused" }, { endpoint, undone: 1 }),
      record({ undone: 2, undoneAt: at(0), trouble: "so" }),
    ],
    ["whose undo is done nothing is kept", keptAfter("NNN", { result: "done" }, { endpoint }), undefined],
  ])("%s", (_sentence, kept, wanted) => {
    expect(kept).toEqual(wanted);
  });
});

test.each([
  ["NN", "down"],
  ["NNNN", "up"],
])("replicas as the leader's %s that were refused are kept as such: %s", (leader, direction) => {
  const { scaleDown: _none, ...known } = scaleDown("b");
  const planned = plan({
    pods: { a: leader, b: "NNN" },
    parts: { b: rules({ leader: "a" }) },
    state: known,
    phase: "Idle",
  });
  const executed = planned.actions
    .filter(({ kind }) => kind === "ScaleStatefulSet")
    .map((action) => {
      const { kind, object, reason } = action;
      return { action, outcome: { kind, object, reason, result: "refused" as const, message: "no" } };
    });
  expect(settle(planned, executed, known, { endedAt: at(3), deletedAt: undefined }).scaleFailures).toEqual({
    "ingester-b": expect.objectContaining({ reason: "ScaleRefused", direction }),
  });
});
