import { at, underWay } from "./group.ts";
import { testRows } from "./plan-row.ts";

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
        { stalledAt: at(-50), clock: { mark: 1, stuckSeconds: 60, tickAt: at(-1), running: false } },
      ),
      phase: "Stalled",
    },
    "it goes on when the pods recover": {
      pods: { a: "Noo", b: "ooo" },
      state: underWay(
        { a: {}, b: {} },
        { stalledAt: at(-50), clock: { mark: 9, stuckSeconds: 60, tickAt: at(-1), running: false } },
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
          clock: { mark: 1, stuckSeconds: 60, tickAt: at(-1), running: false },
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
