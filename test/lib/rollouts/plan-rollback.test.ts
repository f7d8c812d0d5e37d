import { expect, test } from "vitest";
import type { RolloutState } from "../../../lib/rollouts/state.ts";
import { at, underWay } from "./group.ts";
import { claimed, plan, testRows } from "./plan-row.ts";

const stalled = { stalledAt: at(-50), clock: { mark: 9, stuckSeconds: 1_800, tickAt: at(-1), running: false } };
const rollback = { onStall: "Rollback" } as const;
/** Rolling back from `bad`; letters `n` and `N` are pods of the template wanted now, `new`, which was there at the start. */
const back = (pending: string[], more: Partial<RolloutState> = {}): RolloutState => {
  const state = underWay(
    { a: {}, b: {} },
    { rollback: { pending } },
    { rejected: { "ingester-a": "bad", "ingester-b": "bad" } },
  );
  const members = state.rollout?.members.map((member) => ({ ...member, revision: "new" })) ?? [];
  return { ...state, ...(state.rollout && { rollout: { ...state.rollout, members } }), ...more };
};

testRows({
  "a stalled rollout with onStall Rollback": {
    "restores the templates before anything else": {
      pods: { a: "Coo", b: "ooo" },
      spec: rollback,
      state: underWay({ a: {}, b: {} }, stalled),
      phase: "RollingBack",
      reason: "RestoringTemplate",
      says: "ingester-a from new to old",
    },
    "holds when there is nothing to go back to": {
      pods: { a: "Coo", b: "ooo" },
      spec: rollback,
      state: underWay({ a: {}, b: {} }, { ...stalled, members: [] }),
      phase: "RollingBack",
    },
    "holds while no pod of the template is at fault": {
      pods: { a: ".oo", b: "ooo" },
      spec: rollback,
      state: underWay({ a: {}, b: {} }, stalled),
      phase: "Stalled",
      reason: "ProgressDeadlineExceeded",
    },
    "stays where it is while paused": {
      pods: { a: "Coo", b: "ooo" },
      spec: { ...rollback, paused: true },
      state: underWay({ a: {}, b: {} }, stalled),
      phase: "Paused",
    },
    "replaces the broken pods once the templates are back": {
      pods: { a: "coN", b: "NNN" },
      spec: rollback,
      state: back([]),
      deletes: ["a-0"],
      phase: "RollingBack",
    },
    "takes the newest pods first": {
      pods: { a: "Noo", b: "NNN" },
      spec: rollback,
      state: back([]),
      observation: {},
      deletes: ["a-1"],
      phase: "RollingBack",
    },
    "asks nobody between zones": {
      pods: { a: "NNN", b: "ooo" },
      spec: { ...rollback, pauseAfterZone: true },
      state: (() => {
        const state = back([]);
        const zones = { a: { startedAt: at(-90), finishedAt: at(-20), soakFrom: at(-20) } };
        return { ...state, ...(state.rollout && { rollout: { ...state.rollout, zones } }) };
      })(),
      deletes: ["b-0"],
      phase: "RollingBack",
    },
    "ends as RolledBack": {
      pods: { a: "NNN", b: "NNN" },
      spec: rollback,
      state: back([]),
      phase: "Completed",
      reason: "RolledBack",
    },
  },
  "a template that was rolled back": {
    "is not tried again when something applies it once more": {
      pods: { a: "ooo", b: "ooo" },
      spec: rollback,
      state: { ...back([]), rejected: { "ingester-a": "new" } },
      phase: "Stalled",
      reason: "TemplateRejected",
      says: "ingester-a was rolled back",
    },
    "nor after the rollback has ended": {
      pods: { a: "ooo", b: "ooo" },
      state: (() => {
        const { rollout: _rollout, ...rest } = back([]);
        return { ...rest, rejected: { "ingester-a": "new" } };
      })(),
      phase: "Stalled",
      reason: "TemplateRejected",
    },
    "lets another one through": {
      pods: { a: "ooo", b: "ooo" },
      state: (() => {
        const { rollout: _rollout, ...rest } = back([]);
        return rest;
      })(),
      deletes: ["a-0"],
      phase: "Progressing",
    },
  },
});

test("a rollback remembers what stalled and what is still to be restored", () => {
  const row = { pods: { a: "Coo", b: "ooo" }, spec: rollback, phase: "RollingBack" as const };
  const ours = { a: claimed("hub/mimir/ingesters"), b: claimed("hub/mimir/ingesters") };
  const { actions, nextState } = plan({ ...row, parts: ours, state: underWay({ a: {}, b: {} }, stalled) });
  expect(actions).toEqual([
    expect.objectContaining({ kind: "RestoreTemplate", object: "mimir/ingester-a", from: "new", to: "old" }),
    expect.objectContaining({ kind: "RestoreTemplate", object: "mimir/ingester-b", from: "new", to: "old" }),
  ]);
  expect(nextState.rejected).toEqual({ "ingester-a": "new", "ingester-b": "new" });
  expect(nextState.rollout?.rollback).toEqual({ pending: ["ingester-a", "ingester-b"] });
});

test("a template is restored once, and not when people changed it meanwhile", () => {
  const state = { ...back(["ingester-a", "ingester-b"]), rejected: { "ingester-a": "new", "ingester-b": "bad" } };
  const { actions, nextState } = plan({ pods: { a: "Coo", b: "ooo" }, spec: rollback, state, phase: "RollingBack" });
  expect(actions.flatMap((action) => (action.kind === "RestoreTemplate" ? [action.statefulSet] : []))).toEqual([
    "ingester-a",
  ]);
  expect(nextState.rollout?.rollback).toEqual({ pending: ["ingester-a"] });
});

test("what stalled is forgotten once another template is rolled out", () => {
  const state = { ...underWay({ a: {} }), rejected: { "ingester-a": "bad" } };
  expect(plan({ pods: { a: "NN" }, state, phase: "Completed" }).nextState.rejected).toBeUndefined();
});

test.each([
  ["the current revision of the StatefulSet", "old", "old"],
  ["what its pods run, where nobody has written that down since", "ancient", "old"],
])("a rollout goes back to %s", (_what, currentRevision, expected) => {
  const parts = { a: { currentRevision }, b: { currentRevision } };
  const { nextState } = plan({ pods: { a: "ooN", b: "ooo" }, parts, phase: "Progressing" });
  expect(nextState.rollout?.members.map(({ revision }) => revision)).toEqual([expected, expected]);
});
