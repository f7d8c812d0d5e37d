import { expect, test } from "vitest";
import { at, underWay } from "./group.ts";
import { plan, type Row, testRows } from "./plan-row.ts";

testRows({
  progress: {
    "past the deadline it is Stalled and nothing more is deleted": {
      pods: { a: "Cooo", b: "oooo" },
      spec: { maxUnavailable: 2, progressDeadlineSeconds: 60 },
      state: underWay({ a: {}, b: {} }, { clock: { mark: 1, stuckSeconds: 55, tickAt: at(-10), running: true } }),
      phase: "Stalled",
      reason: "ProgressDeadlineExceeded",
      says: "ingester-a-0: CrashLoopBackOff",
    },
    "time in which no delete was allowed does not count": {
      pods: { a: "Cooo", b: "oooo" },
      spec: { maxUnavailable: 2, progressDeadlineSeconds: 60 },
      state: underWay({ a: {}, b: {} }, { clock: { mark: 1, stuckSeconds: 55, tickAt: at(-10), running: false } }),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "a new pod is progress and sets the clock back": {
      pods: { a: "Nooo", b: "oooo" },
      spec: { progressDeadlineSeconds: 60 },
      state: underWay({ a: {}, b: {} }, { clock: { mark: 1, stuckSeconds: 55, tickAt: at(-10), running: true } }),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "a stalled rollout stays so while the pods do": {
      pods: { a: "Coo", b: "ooo" },
      spec: { maxUnavailable: 2 },
      state: underWay(
        { a: {}, b: {} },
        { stalledAt: at(-50), clock: { mark: 1, stuckSeconds: 1_800, tickAt: at(-1), running: false } },
      ),
      phase: "Stalled",
    },
    "a longer deadline lets it go on": {
      pods: { a: "Coo", b: "ooo" },
      spec: { maxUnavailable: 2, progressDeadlineSeconds: 120 },
      state: underWay(
        { a: {}, b: {} },
        { stalledAt: at(-50), clock: { mark: 1, stuckSeconds: 60, tickAt: at(-1), running: false } },
      ),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "it goes on when the pods recover": {
      pods: { a: "Noo", b: "ooo" },
      state: underWay(
        { a: {}, b: {} },
        { stalledAt: at(-50), clock: { mark: 9, stuckSeconds: 1_800, tickAt: at(-1), running: false } },
      ),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "it goes on when the template changes": {
      pods: { a: "coo", b: "ooo" },
      state: underWay(
        { a: {}, b: {} },
        {
          stalledAt: at(-50),
          revisions: { "ingester-a": "bad", "ingester-b": "bad" },
          clock: { mark: 1, stuckSeconds: 1_800, tickAt: at(-1), running: false },
        },
      ),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "all new and available is Completed": {
      pods: { a: "NN", b: "NN" },
      state: underWay({ a: {}, b: {} }),
      phase: "Completed",
    },
    "all new but not available yet is not": {
      pods: { a: "NN", b: "Nn" },
      state: underWay({ a: {}, b: {} }),
      phase: "Progressing",
      reason: "WaitingForPods",
    },
  },
});

test("replicas that become fewer lower what has to be exceeded to get further", () => {
  const step = (pods: Row["pods"], seconds: number, state: NonNullable<Row["state"]>) =>
    plan({
      pods,
      spec: { progressDeadlineSeconds: 60 },
      state,
      observation: { observedAt: at(seconds), controllersSoughtAt: at(seconds) },
      phase: "Progressing",
    });
  const before = step({ a: "NNNN", b: "nooo" }, 0, underWay({ a: {}, b: {} }));
  const scaled = step({ a: "NN", b: "no" }, 40, before.nextState);
  const further = step({ a: "NN", b: "No" }, 55, scaled.nextState);
  expect(further.nextState.rollout?.clock.stuckSeconds).toBe(0);
  expect(step({ a: "NN", b: "Nn" }, 110, further.nextState).phase).toBe("Progressing");
});
