import { describe, expect, test } from "vitest";
import { decideOrder } from "../../../lib/rollouts/decide-order.ts";
import { type Order, type Orders, ordersFor, readOrders } from "../../../lib/rollouts/orders.ts";
import { freshState, type RolloutState } from "../../../lib/rollouts/state.ts";
import { KEY } from "../../fakes/lane.ts";
import { at, underWay } from "./group.ts";

const asked = { at: at(0), by: "anna" };
const decide = (order: unknown, known: { state?: unknown; status?: unknown } = {}) =>
  decideOrder(order, { key: KEY, ...asked, state: known.state, status: known.status });

/** The orders after one more, from those before. */
function after(order: Order, orders: Orders, state: RolloutState = underWay({ a: {} }, { token: "now" })): unknown {
  const decision = decide(order, { state });
  if (decision.type === "refused") throw new Error(decision.cause);
  return decision.change(orders);
}
const about = (rollout: string) => ({ rollout, ...asked, uid: "uid-resource" });
/** As it is written down: with the resource that was seen last. */
const written = { ...asked, uid: "uid-resource" };
const before: Orders = { paused: { at: at(-9) }, abort: { ...about("now"), at: at(-9) }, approved: ["a"] };

describe("an order", () => {
  const rows: Record<string, [Order, Orders, Orders]> = {
    "pause is written down with time and name": [{ type: "pause" }, {}, { paused: written }],
    "pause leaves the others": [{ type: "pause" }, { approved: ["a"] }, { approved: ["a"], paused: written }],
    "resume lifts pause and abort": [{ type: "resume" }, before, { approved: ["a"] }],
    "resume without either changes nothing": [{ type: "resume" }, { approved: ["a"] }, { approved: ["a"] }],
    "approve keeps each token once, the newest last": [
      { type: "approve", token: "a" },
      { approved: ["a", "b"] },
      { approved: ["b", "a"] },
    ],
    "abort names its rollout": [{ type: "abort", rollout: "now" }, {}, { abort: about("now") }],
    "rollback names its rollout, and lifts pause and abort": [
      { type: "rollback", rollout: "now" },
      before,
      { approved: ["a"], rollback: about("now") },
    ],
  };
  test.each(Object.entries(rows))("%s", (_sentence, [order, orders, expected]) => {
    const state = underWay({ a: {} }, { token: "now" });
    expect(after(order, orders, state)).toEqual(expected);
  });

  test("before the first pass names no resource", () => {
    const decision = decide({ type: "pause" });
    expect(decision.type === "accepted" && decision.change({})).toEqual({ paused: asked });
  });

  test.each([
    [3, { generation: 3 }],
    [0, {}],
    [undefined, {}],
  ])("to roll back, with generation %s seen last, keeps it", (observedGeneration, kept) => {
    const state = underWay({ a: {} }, { token: "now" });
    const decision = decide({ type: "rollback", rollout: "now" }, { state, status: { observedGeneration } });
    expect(decision.type === "accepted" && decision.change({})).toEqual({ rollback: { ...about("now"), ...kept } });
  });

  test("keeps no more than the last twenty approvals", () => {
    const approved = Array.from({ length: 20 }, (_, index) => `t${index}`);
    expect(after({ type: "approve", token: "new" }, { approved })).toEqual({ approved: [...approved.slice(1), "new"] });
  });

  test("is an audit row's action", () => {
    expect(decide({ type: "pause" })).toMatchObject({
      action: { kind: "PauseRollout", object: "mimir/ingester", reason: "Ordered" },
    });
  });

  test("about a rollout that only the status tells of yet is taken", () => {
    expect(decide({ type: "abort", rollout: "next" }, { status: { phase: "Progressing", rollout: "next" } }).type).toBe(
      "accepted",
    );
  });

  const { rollout, ...idle } = underWay({ a: {} }, { token: "then" });
  const last = { startedAt: at(-9), finishedAt: at(-5), zones: {}, token: "then", members: rollout?.members };
  const completed = { ...idle, last: { ...last, revisions: { "ingester-a": "new" } } };

  test("to roll back what is completed is taken while its start is on record", () => {
    expect(after({ type: "rollback", rollout: "then" }, {}, completed)).toEqual({ rollback: about("then") });
  });

  const paused = { phase: "Paused", rollout: "then" };
  test("to roll back what is completed is taken while the resource is paused", () => {
    const decision = decide({ type: "rollback", rollout: "then" }, { state: completed, status: paused });
    expect(decision.type).toBe("accepted");
  });

  const refusals: Record<string, [unknown, { state?: unknown; status?: unknown }, string]> = {
    "that is none": [{ type: "explode" }, {}, "order.type: must be one of pause, resume, approve, abort, rollback"],
    "with too much in it": [{ type: "pause", forSeconds: 3 }, {}, "order.forSeconds: unknown field"],
    "to abort nothing": [{ type: "abort", rollout: "now" }, { state: freshState("u") }, "no rollout is under way"],
    "to abort what is completed": [
      { type: "abort", rollout: "then" },
      { state: completed, status: { phase: "Completed", rollout: "then" } },
      "no rollout is under way",
    ],
    "to abort what is over while the resource is paused": [
      { type: "abort", rollout: "then" },
      { state: completed, status: paused },
      "no rollout is under way",
    ],
    "to roll back twice while the resource is held": [
      { type: "rollback", rollout: "then" },
      { state: { ...completed, last: { ...completed.last, rolledBack: true } }, status: { ...paused, phase: "Held" } },
      "rolled back already",
    ],
    "about a rollout that is over": [
      { type: "abort", rollout: "then" },
      { state: underWay({ a: {} }, { token: "now" }) },
      "another one is under way",
    ],
    "to roll back a rollout before the last": [
      { type: "rollback", rollout: "long ago" },
      { state: completed },
      "not the last one",
    ],
    "to roll back twice": [
      { type: "rollback", rollout: "then" },
      { state: { ...completed, last: { ...completed.last, rolledBack: true } } },
      "rolled back already",
    ],
    "to roll back what an earlier version completed": [
      { type: "rollback", rollout: "then" },
      { state: { ...idle, last: { ...last, members: undefined } } },
      "not on record",
    ],
    "to roll back to what is there": [
      { type: "rollback", rollout: "now" },
      { state: underWay({ a: {} }, { token: "now", revisions: { "ingester-a": "old" } }) },
      "no member has another revision",
    ],
  };
  test.each(Object.entries(refusals))("%s is refused", (_what, [order, known, cause]) => {
    const decision = decide(order, known);
    expect(decision).toEqual({
      type: "refused",
      cause: expect.stringContaining(cause),
      nextStep: expect.any(String),
    });
    // Whoever answers names the resource, once.
    expect(decision).not.toHaveProperty("cause", expect.stringContaining(KEY.name));
  });

  test.each([undefined, "text", { paused: "yes" }])("what a row carries as %j is none", (saved) => {
    expect(readOrders(saved)).toEqual({});
  });

  const all = { paused: written, abort: about("now"), rollback: { ...about("then"), generation: 3 }, approved: ["a"] };
  const createdAgain = (former: RolloutState["former"]) => ({ uid: "uid-new", former });
  const resources: Record<string, [orders: Orders, now: Pick<RolloutState, "uid" | "former">, expected: Orders]> = {
    "are for the resource they were ordered about": [all, { uid: "uid-resource" }, all],
    "are not for one created under its name afterwards": [
      all,
      createdAgain({ uid: "uid-resource", pausedAt: written.at }),
      { approved: ["a"] },
    ],
    "are not for one created after nobody had seen any": [all, { uid: "uid-new" }, { approved: ["a"] }],
    "to pause that came after the former one was seen last are for the one there is": [
      all,
      createdAgain({ uid: "uid-resource" }),
      { approved: ["a"], paused: written },
    ],
    "to pause once more are that as well": [
      all,
      createdAgain({ uid: "uid-resource", pausedAt: at(-9) }),
      { approved: ["a"], paused: written },
    ],
    "about one before the former are not for the one there is": [
      all,
      createdAgain({ uid: "uid-between" }),
      { approved: ["a"] },
    ],
    "that name none are for the one there is": [{ paused: asked }, { uid: "uid-new" }, { paused: asked }],
    "that name none are not for one created after they were heeded": [
      { paused: asked },
      createdAgain({ uid: "uid-resource", pausedAt: asked.at }),
      {},
    ],
  };
  test.each(Object.entries(resources))("orders %s", (_sentence, [orders, now, expected]) => {
    expect(ordersFor(orders, now)).toEqual(expected);
  });
});
