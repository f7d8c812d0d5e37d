import { at, underWay } from "./group.ts";
import { deleting, testRows } from "./plan-row.ts";

const EXPONENTIAL = { type: "Exponential", factor: 2 } as const;

testRows({
  "the budget": {
    "maxUnavailable pods at once": {
      pods: { a: "ooooo", b: "ooooo" },
      spec: { maxUnavailable: 3 },
      deletes: ["a-0", "a-1", "a-2"],
      phase: "Progressing",
    },
    "pods that are unavailable already use their places": {
      pods: { a: "nnooo", b: "ooooo" },
      spec: { maxUnavailable: 3 },
      deletes: ["a-2"],
      phase: "Progressing",
    },
    "a missing pod is an unavailable pod": {
      pods: { a: ".oooo", b: "ooooo" },
      spec: { maxUnavailable: 2 },
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "a quota that refuses the recreated pod does not widen it": {
      pods: { a: ".ooo", b: "oooo" },
      phase: "Progressing",
      reason: "WaitingForPods",
      says: "maxUnavailable 1 is used up",
    },
    "a terminating pod is skipped and uses a place": {
      pods: { a: "toooo", b: "ooooo" },
      spec: { maxUnavailable: 3 },
      deletes: ["a-1", "a-2"],
      phase: "Progressing",
    },
    "a percentage is of the StatefulSet's replicas, rounded down": {
      pods: { a: "oooooooo", b: "o" },
      spec: { maxUnavailable: "40%" },
      deletes: ["a-0", "a-1", "a-2"],
      phase: "Progressing",
    },
    "a percentage never comes to less than 1": {
      pods: { a: "oo" },
      spec: { maxUnavailable: "10%" },
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "the StatefulSet's annotation wins": {
      pods: { a: "oooo" },
      parts: { a: { annotations: { "rollout-max-unavailable": "2" } } },
      deletes: ["a-0", "a-1"],
      phase: "Progressing",
    },
    "the annotation may be a percentage": {
      pods: { a: "oooo" },
      parts: { a: { annotations: { "rollout-max-unavailable": "75%" } } },
      deletes: ["a-0", "a-1", "a-2"],
      phase: "Progressing",
    },
    "a malformed annotation counts as 1": {
      pods: { a: "oooo" },
      spec: { maxUnavailable: 3 },
      parts: { a: { annotations: { "rollout-max-unavailable": "many" } } },
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "more replicas than wanted count as wanted": {
      pods: { a: "ooox" },
      parts: { a: { replicas: 3 } },
      phase: "Progressing",
      reason: "WaitingForPods",
    },
    "ordinals go by number, not by text": {
      pods: { a: "NNoNNNNNNNoo" },
      spec: { maxUnavailable: 2 },
      deletes: ["a-2", "a-10"],
      phase: "Progressing",
    },
    "a lagging view does not delete a second pod in place of one deleted": {
      pods: { a: "ooo" },
      state: underWay({ a: {} }, {}, { deleting: [deleting("a-0", "ingester-a-0-o")] }),
      phase: "Progressing",
    },
    "an ordinal with a new UID frees its place": {
      pods: { a: "Noo" },
      state: underWay({ a: {} }, {}, { deleting: [deleting("a-0", "ingester-a-0-o")] }),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "an intended delete that a fresh list disproves is made good": {
      pods: { a: "ooo" },
      observation: { fresh: true },
      state: underWay({ a: {} }, {}, { deleting: [deleting("a-0", "ingester-a-0-o")] }),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "one without an answer counts for as long as it may still be carried out, even in a fresh list": {
      pods: { a: "ooo" },
      observation: { fresh: true },
      state: underWay({ a: {} }, {}, { deleting: [{ ...deleting("a-1", "ingester-a-1-o"), mayComeUntil: at(5) }] }),
      phase: "Progressing",
    },
    "after that it is made good": {
      pods: { a: "ooo" },
      observation: { fresh: true },
      state: underWay({ a: {} }, {}, { deleting: [{ ...deleting("a-1", "ingester-a-1-o"), mayComeUntil: at(-1) }] }),
      deletes: ["a-0"],
      phase: "Progressing",
    },
  },
  "the strategy Exponential": {
    "begins with one pod": {
      pods: { a: "oooooooo", b: "o" },
      spec: { maxUnavailable: 5, strategy: EXPONENTIAL },
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "grows by its factor": {
      pods: { a: "NNNooooo", b: "o" },
      spec: { maxUnavailable: 5, strategy: EXPONENTIAL },
      deletes: ["a-3", "a-4", "a-5", "a-6"],
      phase: "Progressing",
    },
    "never exceeds maxUnavailable": {
      pods: { a: "NNNooooo", b: "o" },
      spec: { maxUnavailable: 2, strategy: EXPONENTIAL },
      deletes: ["a-3", "a-4"],
      phase: "Progressing",
    },
    "starts no batch before the last is available": {
      pods: { a: "NnNooooo", b: "o" },
      spec: { maxUnavailable: 5, strategy: EXPONENTIAL },
      phase: "Progressing",
      reason: "WaitingForPods",
      says: "when this one is available",
    },
    "starts no batch while a pod of the last is missing": {
      pods: { a: "NN.ooooo", b: "o" },
      spec: { maxUnavailable: 5, strategy: EXPONENTIAL },
      phase: "Progressing",
      reason: "WaitingForPods",
    },
    "begins with one pod in each zone": {
      pods: { a: "NNNNNNN", b: "oooo" },
      spec: { maxUnavailable: 5, strategy: EXPONENTIAL },
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "cures whatever the size of the batch": {
      pods: { a: "ccoo", b: "o" },
      spec: { maxUnavailable: 5, strategy: EXPONENTIAL },
      deletes: ["a-0", "a-1", "a-2"],
      phase: "Progressing",
    },
  },
  "pauses and holds": {
    "spec.paused stops before the next batch": {
      pods: { a: "Noo" },
      spec: { paused: true },
      phase: "Paused",
      reason: "Paused",
    },
    "a paused StatefulSet is left alone and others go on": {
      pods: { a: "oo", b: "oo" },
      parts: { a: { annotations: { "grafana.com/rollout-paused": "true" } } },
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "while a paused StatefulSet is unready no other zone starts": {
      pods: { a: "ox", b: "oo" },
      parts: { a: { annotations: { "grafana.com/rollout-paused": "true" } } },
      phase: "Progressing",
      reason: "WaitingForZone",
    },
    "only paused StatefulSets left over is Paused": {
      pods: { a: "oo", b: "NN" },
      parts: { a: { annotations: { "grafana.com/rollout-paused": "true" } } },
      phase: "Paused",
      reason: "StatefulSetPaused",
    },
    "intervalSeconds keeps the next batch waiting": {
      pods: { a: "No" },
      spec: { intervalSeconds: 30 },
      state: underWay({ a: {} }, {}, { lastBatchAt: at(-10) }),
      phase: "Progressing",
      reason: "WaitingForInterval",
    },
    "after intervalSeconds it goes on": {
      pods: { a: "No" },
      spec: { intervalSeconds: 30 },
      state: underWay({ a: {} }, {}, { lastBatchAt: at(-30) }),
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "a completed zone soaks before the next starts": {
      pods: { a: "NN", b: "oo" },
      spec: { zoneSoakSeconds: 60 },
      state: underWay(
        { a: {}, b: {} },
        { zones: { a: { startedAt: at(-90), finishedAt: at(-20), soakFrom: at(-20) } } },
      ),
      phase: "Progressing",
      reason: "Soaking",
    },
    "a soaked zone lets the next start": {
      pods: { a: "NN", b: "oo" },
      spec: { zoneSoakSeconds: 60 },
      state: underWay(
        { a: {}, b: {} },
        { zones: { a: { startedAt: at(-90), finishedAt: at(-60), soakFrom: at(-60) } } },
      ),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "a zone that was new from the start has nothing to soak": {
      pods: { a: "NN", b: "oo" },
      spec: { zoneSoakSeconds: 60 },
      deletes: ["b-0"],
      phase: "Progressing",
    },
  },
});
