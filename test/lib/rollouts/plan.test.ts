import { describe, expect, test } from "vitest";
import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { Plan } from "../../../lib/rollouts/plan.ts";
import { at, NOW, OWNER, observe, underWay } from "./group.ts";
import { claimed, deleting, plan, type Row } from "./plan-row.ts";

describe("what a plan remembers and writes", () => {
  test("each delete carries the UID of its pod and is remembered with the time of the batch", () => {
    const { actions, nextState } = plan({ pods: { a: "oo" }, phase: "Progressing" });
    expect(actions.at(-1)).toMatchObject({ kind: "DeletePod", object: "mimir/ingester-a-0", uid: "ingester-a-0-o" });
    expect(nextState).toMatchObject({
      lastBatchAt: NOW,
      deleting: [{ pod: "ingester-a-0", uid: "ingester-a-0-o" }],
      claimed: ["ingester-a"],
      rollout: { members: [{ name: "ingester-a", uid: "uid-ingester-a", revision: "old" }] },
    });
  });

  test("every member is claimed before the first delete, and none again", () => {
    const fresh = plan({ pods: { a: "oo", b: "oo" }, phase: "Progressing" });
    expect(fresh.actions.map(({ kind, object }) => `${kind} ${object}`)).toEqual([
      "ClaimStatefulSet mimir/ingester-a",
      "ClaimStatefulSet mimir/ingester-b",
      "DeletePod mimir/ingester-a-0",
    ]);
    const ours = { a: claimed(OWNER), b: claimed(OWNER) };
    const later = plan({ pods: { a: "oo", b: "oo" }, parts: ours, phase: "Progressing" });
    expect(later.actions.map(({ kind }) => kind)).toEqual(["DeletePod"]);
  });

  test("a strategy is adopted under claims on all members, and only then", () => {
    const adopt = { pods: { a: "oo", b: "oo" }, spec: { adoptStrategy: "OnDelete" as const }, phase: "Held" as const };
    const { actions, nextState } = plan({ ...adopt, parts: { b: { strategy: "RollingUpdate" } } });
    expect(actions.map(({ kind, object }) => `${kind} ${object}`)).toEqual([
      "ClaimStatefulSet mimir/ingester-a",
      "ClaimStatefulSet mimir/ingester-b",
      "AdoptStrategy mimir/ingester-b",
    ]);
    expect(nextState.claimed).toEqual(["ingester-a", "ingester-b"]);
    const others = { ...claimed("hub/mimir/other"), strategy: "RollingUpdate" as const };
    expect(plan({ ...adopt, parts: { b: others } }).actions).toEqual([]);
  });

  test("a complete zone's currentRevision becomes its updateRevision, under a resourceVersion", () => {
    const { actions } = plan({ pods: { a: "NN", b: "on" }, state: underWay({ a: {}, b: {} }), phase: "Progressing" });
    expect(actions).toEqual([
      {
        kind: "SetCurrentRevision",
        object: "mimir/ingester-a",
        reason: "ZoneCompleted",
        statefulSet: "ingester-a",
        resourceVersion: "7",
        revision: "new",
      },
    ]);
  });

  test("a server that writes currentRevision itself is left to it", () => {
    const { actions } = plan({ pods: { a: "NN" }, parts: { a: { currentRevision: "new" } }, phase: "Idle" });
    expect(actions).toEqual([]);
  });

  test("a malformed annotation is told and names its StatefulSet", () => {
    const parts = { a: { annotations: { "rollout-max-unavailable": "0" } } };
    const { warnings } = plan({ pods: { a: "oo" }, parts, phase: "Progressing" });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('"0" on StatefulSet ingester-a');
  });

  test("deletes of a StatefulSet scaled down are forgotten", () => {
    const state = underWay({ a: {} }, {}, { deleting: [deleting("a-5", "gone")] });
    expect(plan({ pods: { a: "oo" }, state, phase: "Progressing" }).nextState.deleting.map(({ pod }) => pod)).toEqual([
      "ingester-a-0",
    ]);
  });

  test("so are those of a pod below the first ordinal, which does not come back either", () => {
    const [set] = observe({ pods: { a: ".NN" }, parts: { a: { replicas: 2 } } }).statefulSets;
    const spec = { ...set?.spec, ordinals: { start: 1 } };
    const observation = { statefulSets: [{ ...set, spec } as StatefulSet] };
    const state = underWay({ a: {} }, {}, { deleting: [deleting("a-0", "gone")] });
    const { nextState } = plan({ pods: { a: ".NN" }, observation, state, phase: "Completed" });
    expect(nextState.deleting).toEqual([]);
  });

  test("those of a StatefulSet that is gone are kept while it is a member, and forgotten with it", () => {
    const row = { pods: { a: "oo" }, phase: "Progressing" as const };
    const left = (members: Record<string, object>): string[] => {
      const state = underWay(members, {}, { deleting: [deleting("b-1", "gone")] });
      return plan({ ...row, state }).nextState.deleting.map(({ pod }) => pod);
    };
    expect(left({ a: {}, b: {} })).toEqual(["ingester-b-1"]);
    expect(left({ a: {} })).toEqual(["ingester-a-0"]);
  });

  test.each([
    ["is kept for as long as it may still come", 5, ["ingester-b-1", "ingester-a-0"]],
    ["is forgotten afterwards", -1, ["ingester-a-0"]],
  ])("one without an answer, of a StatefulSet that is not selected any more, %s", (_what, seconds, kept) => {
    const unanswered = { ...deleting("b-1", "gone"), mayComeUntil: at(seconds) };
    const state = underWay({ a: {} }, {}, { deleting: [unanswered] });
    const { nextState } = plan({ pods: { a: "oo" }, state, phase: "Progressing" });
    expect(nextState.deleting.map(({ pod }) => pod)).toEqual(kept);
  });

  test("a rollout is over when no member is left", () => {
    const state = underWay({ a: {} }, { selector: "{}" }, { claimed: ["ingester-a"] });
    const { nextState, reason } = plan({ pods: {}, state, phase: "Idle" });
    expect(reason).toBe("NoStatefulSets");
    expect(nextState.rollout).toBeUndefined();
    expect(nextState.claimed).toEqual(["ingester-a"]);
  });

  test("another selector keeps what the members that stay were at the start", () => {
    const state = underWay({ a: {}, b: {}, c: {} }, { selector: "{}" });
    const parts = { a: { currentRevision: "new" }, c: { uid: "another", currentRevision: "mid" } };
    const { nextState } = plan({ pods: { a: "NN", b: "oo", c: "NN" }, parts, state, phase: "Progressing" });
    const members = nextState.rollout?.members.map(({ name, uid, revision }) => [name, uid, revision]);
    expect(members).toEqual([
      ["ingester-a", "uid-ingester-a", "old"],
      ["ingester-b", "uid-ingester-b", "old"],
      ["ingester-c", "another", "mid"],
    ]);
  });

  test("a completed rollout leaves its times and no members", () => {
    const { nextState } = plan({ pods: { a: "NN" }, state: underWay({ a: {} }), phase: "Completed" });
    expect(nextState.rollout).toBeUndefined();
    expect(nextState.last).toMatchObject({ startedAt: at(-100), finishedAt: NOW });
  });

  test("another template in the middle restarts the timers and keeps the members' first revision", () => {
    const state = underWay(
      { a: {}, b: {} },
      { revisions: { "ingester-a": "mid", "ingester-b": "mid" }, zones: { a: { startedAt: at(-50) } } },
    );
    const { nextState } = plan({ pods: { a: "oo", b: "oo" }, state, phase: "Progressing" });
    expect(nextState.rollout).toMatchObject({ startedAt: NOW, zones: { a: { startedAt: NOW } } });
    expect(nextState.rollout?.members.map(({ revision }) => revision)).toEqual(["old", "old"]);
  });
});

describe("when to look again", () => {
  const rows: Record<string, [Row, Partial<Plan>]> = {
    "idle: every intervalSeconds": [
      { pods: { a: "NN" }, spec: { intervalSeconds: 45 }, phase: "Idle" },
      { nextDueInSeconds: 45, watch: false },
    ],
    "idle with interval 0: not in a hot loop": [{ pods: { a: "NN" }, phase: "Idle" }, { nextDueInSeconds: 10 }],
    "waiting for the interval: exactly when it is over": [
      {
        pods: { a: "No" },
        spec: { intervalSeconds: 30 },
        state: underWay({ a: {} }, {}, { lastBatchAt: at(-18) }),
        phase: "Progressing",
      },
      { nextDueInSeconds: 12, wakeInSeconds: 12, watch: true },
    ],
    "a long soak is looked in on every intervalSeconds": [
      {
        pods: { a: "NN", b: "oo" },
        spec: { zoneSoakSeconds: 600, intervalSeconds: 30 },
        state: underWay(
          { a: {}, b: {} },
          { zones: { a: { startedAt: at(-9), finishedAt: at(-5), soakFrom: at(-5) } } },
        ),
        phase: "Progressing",
      },
      { nextDueInSeconds: 30, wakeInSeconds: 595 },
    ],
    "a pod about to be Ready for long enough: then": [
      { pods: { a: "NNr", b: "ooo" }, spec: { minReadySeconds: 5 }, phase: "Progressing" },
      { wakeInSeconds: 4, watch: true },
    ],
    "a stalled rollout is observed on": [
      {
        pods: { a: "Coo" },
        spec: { intervalSeconds: 30 },
        state: underWay(
          { a: {} },
          { stalledAt: at(-5), clock: { mark: 1, stuckSeconds: 1_800, tickAt: NOW, running: false } },
        ),
        phase: "Stalled",
      },
      { nextDueInSeconds: 30, watch: false },
    ],
  };
  test.each(Object.entries(rows))("%s", (_sentence, [row, expected]) => {
    expect(plan(row)).toMatchObject(expected);
  });
});
