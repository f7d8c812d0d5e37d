import { describe, expect, test } from "vitest";
import { zoneApproval } from "../../../lib/rollouts/approval.ts";
import type { Observation } from "../../../lib/rollouts/observation.ts";
import type { Orders } from "../../../lib/rollouts/orders.ts";
import type { RolloutState } from "../../../lib/rollouts/state.ts";
import { at, NOW, resource, underWay } from "./group.ts";
import { claimed, plan, type Row, testRows } from "./plan-row.ts";

const asked = { at: at(-5), by: "anna" };
const ordered = (orders: Orders, more: Partial<Observation> = {}) => ({ observation: { orders, ...more } });
const ours = { a: claimed("hub/mimir/ingesters"), b: claimed("hub/mimir/ingesters") };
const halfWay = { pods: { a: "Noo", b: "ooo" }, parts: ours };
const state = underWay({ a: {}, b: {} }, { token: "rollout.1" });
const abort = (rollout: string): Orders => ({ abort: { rollout, ...asked } });
const rollback = (rollout: string): Orders => ({ rollback: { rollout, ...asked } });
/** Going back from `bad`, as a person ordered; `new` is what was there at the start. */
const back = (changes: Record<string, unknown> = {}): RolloutState => {
  const rollout = { token: "rollout.1", rollback: { pending: [], ordered: { ...asked, generation: 3 } }, ...changes };
  const base = underWay({ a: {}, b: {} }, rollout, { rejected: { "ingester-a": "bad", "ingester-b": "bad" } });
  const members = base.rollout?.members.map((member) => ({ ...member, revision: "new" })) ?? [];
  return { ...base, ...(base.rollout && { rollout: { ...base.rollout, members } }) };
};
const goingBack = { pods: { a: "Noo", b: "NNN" } };
const alarm = {
  spec: { gates: [{ alarm: { name: "errors" }, onNoData: "Hold" as const }] },
  gates: {
    askedAt: NOW,
    asked: JSON.stringify([{ alarm: { name: "errors" }, onNoData: "Hold" }]),
    answers: [{ gate: "alarm errors", result: "Closed", reason: "AlarmActive", message: "it is in ALARM" } as const],
  },
};
const finished = { a: { startedAt: at(-90), finishedAt: at(-20), soakFrom: at(-20) } };
const approval = zoneApproval({ startedAt: at(-100), zones: finished })?.token ?? "";
/** What is kept of a rollout from `old` to `new` that was completed. */
const completed = (changes: Partial<NonNullable<RolloutState["last"]>> = {}): RolloutState => {
  const { rollout, ...rest } = state;
  const { members = [], revisions = {}, startedAt = "" } = rollout ?? {};
  const last = { startedAt, finishedAt: at(-50), zones: {}, token: "rollout.1", members, revisions, ...changes };
  return { ...rest, last };
};
const done = { pods: { a: "NNN", b: "NNN" }, parts: ours, phase: "Completed" as const };

testRows({
  "a pause ordered in the hub": {
    "stops the next batch and says who and how to go on": {
      ...halfWay,
      ...ordered({ paused: asked }),
      state,
      phase: "Paused",
      reason: "PausedByOrder",
      says: `Paused in the hub by anna at ${at(-5)}; outdated pods: 5. \`outrigger rollout resume\``,
    },
    "without a name is somebody's": {
      ...halfWay,
      ...ordered({ paused: { at: NOW } }),
      state,
      phase: "Paused",
      says: "by somebody",
    },
    "holds before anything has started": { ...halfWay, ...ordered({ paused: asked }), phase: "Paused" },
    "keeps a broken pod from being cured too": {
      ...halfWay,
      pods: { a: "coo", b: "ooo" },
      ...ordered({ paused: asked }),
      state,
      phase: "Paused",
    },
    "stops a rollback that was ordered before it": {
      ...goingBack,
      ...ordered({ ...rollback("rollout.1"), paused: asked }),
      state: back(),
      phase: "Paused",
      reason: "PausedByOrder",
    },
  },
  "an abort": {
    "leaves every pod as it is": {
      ...halfWay,
      ...ordered(abort("rollout.1")),
      state,
      phase: "Paused",
      reason: "Aborted",
      says: "outdated pods, which stay as they are until the template changes: 5.",
    },
    "asks no gate": {
      ...halfWay,
      spec: alarm.spec,
      ...ordered(abort("rollout.1")),
      state,
      phase: "Paused",
      reason: "Aborted",
    },
    "of another rollout does nothing": {
      ...halfWay,
      ...ordered(abort("rollout.0")),
      state,
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "is over when the template changes": {
      ...halfWay,
      ...ordered(abort("rollout.1")),
      state: underWay({ a: {}, b: {} }, { token: "rollout.1", revisions: { "ingester-a": "x", "ingester-b": "x" } }),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "of a rollout whose pods are all new keeps it from nothing": {
      ...done,
      ...ordered(abort("rollout.1")),
      state,
      reason: "Completed",
    },
    "stops a rollback as well": {
      ...goingBack,
      ...ordered({ ...rollback("rollout.1"), ...abort("rollout.1") }),
      state: back(),
      phase: "Paused",
      reason: "Aborted",
    },
  },
  "an approval ordered in the hub": {
    "lets the next zone start": {
      pods: { a: "NN", b: "oo", c: "oo" },
      spec: { pauseAfterZone: true },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: finished }),
      ...ordered({ approved: ["members.00000000", approval] }),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "of another zone lets nothing start": {
      pods: { a: "NN", b: "oo", c: "oo" },
      spec: { pauseAfterZone: true },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: finished }),
      ...ordered({ approved: ["zone-b.00000000"] }),
      phase: "Paused",
      reason: "ApprovalNeeded",
    },
  },
  "a rollback ordered by a person": {
    "restores the templates at once, whatever onStall says": {
      ...halfWay,
      ...ordered(rollback("rollout.1")),
      state,
      phase: "RollingBack",
      reason: "RestoringTemplate",
      says: "Ordered by anna: the template goes back for ingester-a from new to old",
    },
    "begins although the spec pauses": {
      ...halfWay,
      spec: { paused: true },
      ...ordered(rollback("rollout.1")),
      state,
      phase: "RollingBack",
    },
    "does not begin when the spec pauses since the order": {
      ...halfWay,
      spec: { paused: true },
      ...ordered({ rollback: { rollout: "rollout.1", ...asked, generation: 2 } }),
      state,
      phase: "Paused",
      reason: "Paused",
    },
    "is stopped by a pause in the spec that came after the order": {
      ...goingBack,
      spec: { paused: true },
      ...ordered(rollback("rollout.1")),
      state: back({ rollback: { pending: [], ordered: { ...asked, generation: 2 } } }),
      phase: "Paused",
      reason: "Paused",
    },
    "goes on past that pause when it is ordered once more": {
      ...goingBack,
      spec: { paused: true },
      ...ordered({ rollback: { rollout: "rollout.1", at: at(-1), by: "anna", generation: 3 } }),
      state: back({ rollback: { pending: [], ordered: { ...asked, generation: 2 } } }),
      deletes: ["a-1"],
      phase: "RollingBack",
    },
    "begins although the rollout has stalled": {
      ...halfWay,
      pods: { a: "noo", b: "ooo" },
      ...ordered(rollback("rollout.1")),
      state: underWay({ a: {}, b: {} }, { token: "rollout.1", stalledAt: at(-60) }),
      phase: "RollingBack",
    },
    "of another rollout does nothing": {
      ...halfWay,
      ...ordered(rollback("rollout.0")),
      state,
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "goes on past a closed gate": {
      ...goingBack,
      ...alarm,
      ...ordered(rollback("rollout.1")),
      state: back(),
      deletes: ["a-1"],
      phase: "RollingBack",
    },
    "is not held by a gate that nobody asked": {
      ...goingBack,
      spec: alarm.spec,
      ...ordered(rollback("rollout.1")),
      state: back(),
      deletes: ["a-1"],
      phase: "RollingBack",
    },
    "lifts the gates of a rollback that began by itself": {
      ...goingBack,
      ...alarm,
      ...ordered(rollback("rollout.1")),
      state: back({ rollback: { pending: [] } }),
      deletes: ["a-1"],
      phase: "RollingBack",
    },
    "is held while two zones are unready": {
      pods: { a: "Nxo", b: "xNN" },
      ...ordered(rollback("rollout.1")),
      state: back(),
      phase: "Held",
      reason: "MultipleZonesUnready",
    },
    "keeps to maxUnavailable": {
      pods: { a: "Nxo", b: "NNN" },
      ...ordered(rollback("rollout.1")),
      state: back(),
      phase: "RollingBack",
      reason: "WaitingForPods",
    },
    "is stopped by a pause that is put into the spec afterwards": {
      ...goingBack,
      spec: { paused: true },
      ...ordered(rollback("rollout.1"), {
        resource: { ...resource(), metadata: { ...resource().metadata, generation: 4 } },
      }),
      state: back(),
      phase: "Paused",
      reason: "Paused",
    },
    "ends as RolledBack": {
      ...done,
      ...ordered(rollback("rollout.1")),
      state: back(),
      reason: "RolledBack",
      says: "the one it came from is not tried again until it changes",
    },
  },
  "a completed rollout that a person orders back": {
    "has its templates restored": {
      ...done,
      ...ordered(rollback("rollout.1")),
      state: completed(),
      phase: "RollingBack",
      reason: "RestoringTemplate",
      says: "ingester-b from new to old",
    },
    "stays when it is another one that is meant": { ...done, ...ordered(rollback("rollout.0")), state: completed() },
    "stays when it was rolled back already": {
      ...done,
      ...ordered(rollback("rollout.1")),
      state: completed({ rolledBack: true }),
      reason: "RolledBack",
    },
    "stays when nothing is known of its start": {
      ...done,
      ...ordered(rollback("rollout.1")),
      state: completed({ members: undefined, revisions: undefined }),
    },
    "gives way to a template that was put there since": {
      pods: { a: "ooo", b: "NNN" },
      parts: ours,
      ...ordered(rollback("rollout.1")),
      state: completed({ revisions: { "ingester-a": "before", "ingester-b": "new" } }),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "leaves a StatefulSet alone that was created again": {
      ...done,
      parts: { ...ours, b: { ...ours.b, uid: "another", currentRevision: "new" } },
      ...ordered(rollback("rollout.1")),
      state: completed(),
      phase: "RollingBack",
      reason: "RestoringTemplate",
      says: "ingester-a from new to old.",
    },
  },
});

describe("what a plan remembers", () => {
  const go = (row: Omit<Row, "phase">) => plan({ ...row, phase: "Progressing" });

  test("the progress clock stands still while people stop a rollout", () => {
    for (const orders of [{ paused: asked }, abort("rollout.1")]) {
      expect(go({ ...halfWay, ...ordered(orders), state }).nextState.rollout?.clock.running).toBe(false);
    }
  });

  test("a rollout has a name of its own from its start on, and the next template another", () => {
    const begun = go(halfWay);
    const token = begun.nextState.rollout?.token;
    expect(token).toMatch(/^rollout\.[0-9a-f]{8}$/);
    expect(begun.times.token).toBe(token);
    expect(go({ ...halfWay, state: begun.nextState }).nextState.rollout?.token).toBe(token);
    const before = underWay(
      { a: {}, b: {} },
      { token: "rollout.1", revisions: { "ingester-a": "x", "ingester-b": "x" } },
    );
    expect(go({ ...halfWay, state: before }).nextState.rollout?.token).not.toBe("rollout.1");
  });

  test("a rollout of an earlier version gets a name that stays", () => {
    const first = go({ ...halfWay, state: underWay({ a: {}, b: {} }) }).nextState.rollout?.token;
    expect(first).toMatch(/^rollout\./);
    const later = underWay({ a: {}, b: {} });
    expect(go({ ...halfWay, state: later }).nextState.rollout?.token).toBe(first);
  });

  test("a rollback keeps the rollout's name, who ordered it, and what is not wanted any more", () => {
    const { nextState, actions } = go({ ...halfWay, ...ordered(rollback("rollout.1")), state });
    expect(nextState.rollout).toMatchObject({
      token: "rollout.1",
      rollback: { pending: ["ingester-a", "ingester-b"], ordered: { ...asked, generation: 3 } },
    });
    expect(nextState.rejected).toEqual({ "ingester-a": "new", "ingester-b": "new" });
    expect(actions.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
      "RestoreTemplate RollbackOrdered",
      "RestoreTemplate RollbackOrdered",
    ]);
  });

  test("a completed rollout remembers what was there before it", () => {
    expect(go({ ...done, state }).nextState.last).toMatchObject({
      token: "rollout.1",
      revisions: { "ingester-a": "new", "ingester-b": "new" },
      members: [
        { name: "ingester-a", revision: "old" },
        { name: "ingester-b", revision: "old" },
      ],
    });
  });

  test("a completed rollout that is ordered back is the same rollout", () => {
    const { nextState } = go({ ...done, ...ordered(rollback("rollout.1")), state: completed() });
    expect(nextState.rollout).toMatchObject({ token: "rollout.1", startedAt: NOW });
  });
});
