import { describe, expect, test } from "vitest";
import { NOW, underWay } from "./group.ts";
import { abort, asked, completed, done, halfWay, ordered, rollback, state } from "./ordered-row.ts";
import { plan, type Row } from "./plan-row.ts";

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

  test("which resource was there before, and the pause that this one was seen under, stay on record", () => {
    const known = { pausedAt: asked.at, former: { uid: "uid-before", pausedAt: asked.at } };
    expect(go({ ...halfWay, state: { ...state, ...known } }).nextState).toMatchObject(known);
  });
});
