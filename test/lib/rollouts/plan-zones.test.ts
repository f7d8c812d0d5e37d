import { underWay } from "./group.ts";
import { deleting, testRows } from "./plan-row.ts";

testRows({
  "zones in order": {
    "the first zone starts": { pods: { a: "ooo", b: "ooo", c: "ooo" }, deletes: ["a-0"], phase: "Progressing" },
    "azOrder decides": {
      pods: { a: "oo", b: "oo", c: "oo" },
      spec: { azOrder: ["c", "a"] },
      deletes: ["c-0"],
      phase: "Progressing",
    },
    "zones not in azOrder come after, alphabetically": {
      pods: { a: "oo", b: "oo", c: "NN" },
      spec: { azOrder: ["c"] },
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "the next zone starts when the first is complete and Ready": {
      pods: { a: "NNN", b: "ooo", c: "ooo" },
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "a complete zone that is not Ready keeps the others waiting": {
      pods: { a: "NNn", b: "ooo", c: "ooo" },
      phase: "Progressing",
      reason: "WaitingForZone",
      says: "ingester-a-2: NotReady",
    },
    "the one unready zone is worked on first": {
      pods: { a: "ooo", b: "oox", c: "ooo" },
      spec: { maxUnavailable: 2 },
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "the one unready zone without budget keeps the others waiting": {
      pods: { a: "ooo", b: "oox", c: "ooo" },
      phase: "Progressing",
      reason: "WaitingForPods",
    },
    "an unready zone with nothing to do keeps the others waiting": {
      pods: { a: "ooo", b: "NNn", c: "ooo" },
      phase: "Progressing",
      reason: "WaitingForZone",
    },
    "two unready zones stop everything": {
      pods: { a: "oox", b: "oox", c: "ooo" },
      spec: { maxUnavailable: 3 },
      phase: "Held",
      reason: "MultipleZonesUnready",
    },
    "two unready zones with nothing outdated are not our business": {
      pods: { a: "NNn", b: "NNn" },
      phase: "Idle",
    },
  },
  "what makes a zone unready": {
    "fewer ready replicas than replicas": {
      pods: { a: "oo", b: "oo" },
      parts: { b: { status: { readyReplicas: 1 } } },
      phase: "Progressing",
      deletes: ["b-0"],
    },
    "fewer replicas than wanted": {
      pods: { a: "NN.", b: "ooo" },
      phase: "Progressing",
      reason: "WaitingForZone",
    },
    "fewer owned pods than replicas": {
      pods: { a: "NN.", b: "ooo" },
      parts: { a: { status: { replicas: 3, readyReplicas: 3 } } },
      phase: "Progressing",
      reason: "WaitingForZone",
      says: "1 of 3 pods missing",
    },
    "a terminating pod": { pods: { a: "NNT", b: "ooo" }, phase: "Progressing", reason: "WaitingForZone" },
    "a pod Ready for less than minReadySeconds": {
      pods: { a: "NNr", b: "ooo" },
      spec: { minReadySeconds: 5 },
      phase: "Progressing",
      reason: "WaitingForZone",
      says: "ReadyForTooShort",
    },
    "a pod Ready for less than the StatefulSet's own minReadySeconds": {
      pods: { a: "NNr", b: "ooo" },
      parts: { a: { minReadySeconds: 2 } },
      phase: "Progressing",
      reason: "WaitingForZone",
    },
    "a pod Ready for long enough does not": {
      pods: { a: "NNr", b: "ooo" },
      spec: { minReadySeconds: 1 },
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "a pod we deleted which a lagging view still shows": {
      pods: { a: "oo", b: "oo" },
      state: underWay({ a: {}, b: {} }, {}, { deleting: [deleting("a-0", "ingester-a-0-o")] }),
      phase: "Progressing",
      reason: "WaitingForPods",
    },
    "a pod we deleted whose ordinal is not back, whatever the counts say": {
      pods: { a: "oN", b: "oo" },
      observation: { pods: [] },
      state: underWay({ a: {}, b: {} }, {}, { deleting: [deleting("a-0", "gone")] }),
      phase: "Progressing",
    },
  },
  "curing what is broken": {
    "crash-looping outdated pods are replaced whatever the budget": {
      pods: { a: "ccc", b: "NNN" },
      deletes: ["a-0", "a-1", "a-2"],
      phase: "Progressing",
    },
    "even when several zones are unready, one zone at a time in order": {
      pods: { a: "cc", b: "ic", c: "oo" },
      deletes: ["a-0", "a-1"],
      phase: "Progressing",
    },
    "the second zone waits for the first one's pods": {
      pods: { a: "nn", b: "ic", c: "oo" },
      phase: "Held",
      reason: "MultipleZonesUnready",
    },
    "the second zone is next when the first is Ready": {
      pods: { a: "NN", b: "ic", c: "oo" },
      deletes: ["b-0", "b-1"],
      phase: "Progressing",
    },
    "a pod that merely is not Ready is not cured": {
      pods: { a: "xx", b: "xx" },
      phase: "Held",
      reason: "MultipleZonesUnready",
    },
    "an outdated pod that has not been Ready for the progress deadline is": {
      pods: { a: "hh", b: "hx" },
      deletes: ["a-0", "a-1"],
      phase: "Progressing",
    },
    "a pod of the wanted revision is never deleted, however broken": {
      pods: { a: "CC", b: "oo" },
      spec: { maxUnavailable: 5 },
      phase: "Progressing",
      reason: "WaitingForZone",
      says: "CrashLoopBackOff",
    },
  },
});
