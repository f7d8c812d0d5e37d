import { describe } from "vitest";
import { at, underWay } from "./group.ts";
import { claimed, deleting } from "./plan-row.ts";
import { FOLLOWS_A, rules, scaleDown, stateWith, testReplicaRows } from "./replica-row.ts";

describe("a scale-down", () => {
  testReplicaRows({
    "waits while a pod of another zone is unready": {
      pods: { a: "NN", b: "NNN", c: "NNn" },
      parts: { b: rules(FOLLOWS_A) },
      waits: ["b WaitingForZone"],
      says: "c (ingester-c-2: NotReady)",
    },
    "goes while a pod of its own zone is unready": {
      pods: { a: "NN", b: "NNn", c: "NN" },
      parts: { b: rules(FOLLOWS_A) },
      scales: ["b 3>2"],
    },
    "waits while pods of two zones are unready": {
      pods: { a: "Nn", b: "NNn", c: "NN" },
      parts: { b: rules(FOLLOWS_A) },
      waits: ["b MultipleZonesUnready"],
    },
    "waits for outdated pods, which are replaced first": {
      pods: { a: "NN", b: "NNN", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      waits: ["b WaitingForRollout"],
      also: ["DeletePod c-0"],
    },
    "of new pods that are not available does not wait for outdated pods, which wait for their zone": {
      pods: { a: "NN", b: "NNP", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      scales: ["b 3>2"],
    },
    "of new pods that may yet become available waits for outdated pods, and for their preparation": {
      pods: { a: "NN", b: "NNP", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      spec: { progressDeadlineSeconds: 14_402 },
      waits: ["b WaitingForRollout"],
    },
    "of which one pod is available waits for outdated pods, apart from those after it that are not": {
      pods: { a: "NN", b: "NNNPP", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      scales: ["b 5>3"],
    },
    "of the last pods, which are not available, waits for the gates to be asked as well": {
      pods: { a: "NN", b: "NNNP", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      spec: { gates: [{ probe: "Healthy", onNoData: "Hold" }] },
      waits: ["b AskingGates"],
    },
    "of the last pods, which are not available, leaves an outdated one before them": {
      pods: { a: "NN", b: "NNoP", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      scales: ["b 4>3"],
    },
    "waits for outdated pods where the last pod is available": {
      pods: { a: "NN", b: "NNPN", c: "oo" },
      parts: { b: rules(FOLLOWS_A) },
      waits: ["b WaitingForRollout"],
    },
    "of an outdated pod that is not available waits for it to be replaced": {
      pods: { a: "NN", b: "NNc", c: "NN" },
      parts: { b: rules(FOLLOWS_A) },
      waits: ["b WaitingForRollout"],
      also: ["DeletePod b-2"],
    },
    "of pods that are not available waits for those of another zone": {
      pods: { a: "NN", b: "NNP", c: "ox" },
      parts: { b: rules(FOLLOWS_A) },
      waits: ["b MultipleZonesUnready"],
    },
    "does not wait for the outdated pods of a StatefulSet whose rollout is paused": {
      pods: { a: "NN", b: "NNN", c: "oo" },
      parts: { b: rules(FOLLOWS_A), c: { annotations: { "grafana.com/rollout-paused": "true" } } },
      scales: ["b 3>2"],
    },
    "does not go where the label forbids it, nor are pods prepared": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: { annotations: rules(FOLLOWS_A).annotations ?? {}, labels: { "grafana.com/no-downscale": "true" } } },
      waits: ["b NoDownscale"],
    },
    "waits for deletes of ours": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({ deleting: [deleting("b-1", "ingester-b-1-N")] }),
      waits: ["b WaitingForPods"],
    },
    "waits while the resource is paused": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      spec: { paused: true },
      waits: ["b Paused"],
    },
    "does not go in a group that is claimed by another": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: claimed("other/mimir/ingesters"), b: rules(FOLLOWS_A) },
      waits: ["b Overlap"],
    },
    "does not go beside a foreign controller": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      observation: { foreignController: "Deployment mimir/rollout-operator" },
      waits: ["b ForeignController"],
    },
    "waits while a person has stopped it in the hub": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      observation: { orders: { paused: { at: at(-9) } } },
      waits: ["b PausedByOrder"],
      says: "ingester-b stays at 3 replicas, 2 are wanted, until the rollout goes on.",
    },
    "waits for other controllers to be looked for": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      observation: { controllersSoughtAt: at(-600) },
      waits: ["b LookingForControllers"],
    },
    "waits for the gates to be asked": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      spec: { gates: [{ probe: "Healthy", onNoData: "Hold" }] },
      waits: ["b AskingGates"],
    },
    "waits while traffic is shifted away from a zone": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      gates: { askedAt: at(-1), asked: "[]", answers: [], shifts: { result: "Known", awayFrom: ["use1-az1"] } },
      waits: ["b ZonalShiftActive"],
    },
    "waits while a stalled rollout is there": {
      pods: { a: "NN", b: "NNn" },
      parts: { b: rules(FOLLOWS_A) },
      state: underWay(
        { a: {}, b: {} },
        { stalledAt: at(-10), clock: { mark: 99, stuckSeconds: 1_800, tickAt: at(-10), running: false } },
      ),
      waits: ["b ProgressDeadlineExceeded"],
    },
    "of one StatefulSet goes before that of the next": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      scales: ["b 3>2"],
      waits: ["c WaitingForScaleDown"],
    },
    "goes together with scale-ups": {
      pods: { a: "NN", b: "NNN", c: "N" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      scales: ["c 1>2", "b 3>2"],
    },
    "that is not seen yet keeps everybody else waiting": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      state: scaleDown("b", { done: true }),
      waits: ["c WaitingForScaleDown"],
    },
    "that is not seen yet makes its zone unready, so that no other one is touched": {
      pods: { a: "oo", b: "NNN" },
      parts: { b: rules({}) },
      state: scaleDown("b", { done: true }),
    },
    "without an answer counts for as long as it may still be carried out": {
      pods: { a: "oo", b: "NNN", c: "NNN" },
      parts: { b: rules({ leader: "a" }), c: rules({ leader: "a" }) },
      state: scaleDown("b", { mayComeUntil: at(5) }),
      waits: ["c WaitingForScaleDown"],
    },
    "without an answer that was never carried out is tried again after that": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a" }) },
      state: scaleDown("b", { mayComeUntil: at(-1) }),
      scales: ["b 3>2"],
    },
    "that is seen is over when its pods are gone": {
      pods: { a: "NN", b: "NN", c: "NNN" },
      parts: {
        b: { ...rules({ leader: "a" }), generation: 2, status: { observedGeneration: 2 } },
        c: rules({ leader: "a" }),
      },
      state: scaleDown("b", { done: true }),
      scales: ["c 3>2"],
    },
    "whose pods are still there makes its zone unready": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: { ...rules({ leader: "a" }), replicas: 2 }, c: rules({ leader: "a" }) },
      waits: ["c WaitingForZone"],
      says: "b (ingester-b: 3 pods, 2 wanted)",
    },
    "that was refused is tried again a minute later": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      spec: { intervalSeconds: 90 },
      state: stateWith({
        scaleFailures: {
          "ingester-b": { at: at(-15), reason: "PrepareDownscaleFailed", message: "it said no" },
        },
      }),
      waits: ["b PrepareDownscaleFailed"],
      says: "it said no",
      due: 45,
    },
    "that was refused is tried again a minute later, of each StatefulSet": {
      pods: { a: "NN", b: "NNN", c: "NNN" },
      parts: { b: rules(FOLLOWS_A), c: rules(FOLLOWS_A) },
      spec: { intervalSeconds: 90 },
      state: stateWith({
        scaleFailures: {
          "ingester-b": { at: at(-15), reason: "PrepareDownscaleFailed", message: "it said no" },
          "ingester-c": { at: at(-20), reason: "PrepareDownscaleFailed", message: "nor did it" },
        },
      }),
      waits: ["b PrepareDownscaleFailed", "c PrepareDownscaleFailed"],
      due: 40,
    },
    "that was refused keeps no replicas from being given": {
      pods: { a: "NNNN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({
        scaleFailures: {
          "ingester-b": { at: at(-15), reason: "PrepareDownscaleFailed", message: "it said no", direction: "down" },
        },
      }),
      scales: ["b 3>4"],
    },
    "goes although more replicas were refused a moment ago": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({
        scaleFailures: { "ingester-b": { at: at(-15), reason: "ScaleRefused", message: "no", direction: "up" } },
      }),
      scales: ["b 3>2"],
    },
    "that was refused a minute ago is tried again": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules(FOLLOWS_A) },
      state: stateWith({
        scaleFailures: {
          "ingester-b": { at: at(-60), reason: "PrepareDownscaleFailed", message: "it said no" },
        },
      }),
      scales: ["b 3>2"],
    },
  });
});
