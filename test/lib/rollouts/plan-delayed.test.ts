import { describe, expect, test } from "vitest";
import type { RolloutState } from "../../../lib/rollouts/state.ts";
import { at } from "./group.ts";
import { claimed, plan } from "./plan-row.ts";
import {
  DELAY_URL,
  delayed,
  HOUR,
  MINUTE,
  PREPARE,
  rules,
  scaleDown,
  stateWith,
  TEMPLATE,
  template,
  testReplicaRows,
  waiting,
} from "./replica-row.ts";

const mirrored = delayed(rules({ mirror: {} }));
const four = { pods: { a: "NNNN" }, parts: { a: mirrored } };
const reads = (replicas: number, status = 4) => ({
  observation: { mirrors: { [TEMPLATE]: template(replicas, status) } },
});

/** A scale-down of one pod, written without an answer. @param seconds for which it may still come. */
const unanswered = (seconds: number) => {
  const { scaleDown: record } = scaleDown("a", { from: 4, to: 3, pods: ["ingester-a-3"], mayComeUntil: at(seconds) });
  return { scaleDown: record };
};

describe("a delayed downscale", () => {
  testReplicaRows({
    "asks all pods that go first": {
      ...four,
      ...reads(2),
      also: ["PrepareDelayedDownscale a-2 a-3"],
      waits: ["a WaitingForDelay"],
    },
    "asks nobody while replicas are as wanted": { ...four, ...reads(4) },
    "does not come before a scale-up": { ...four, ...reads(6), scales: ["a 4>6"] },
    "waits from what the last pod has answered, and says until when": {
      ...four,
      ...reads(2),
      spec: { intervalSeconds: 300 },
      state: waiting({ 2: 10 * MINUTE, 3: 59 * MINUTE }),
      waits: ["a WaitingForDelay"],
      says: "ingester-a stays at 4 replicas (2 wanted) until 2026-11-21T10:01:00Z: ingester-a-3 was prepared at 2026-11-21T09:01:00Z, and pods go 1h after that.",
      due: 60,
    },
    "is not looked at again before it can go on, or the pods are asked again": {
      ...four,
      ...reads(2),
      spec: { intervalSeconds: 300 },
      state: waiting({ 2: 4 * MINUTE, 3: 4 * MINUTE }, { askedAt: at(-240) }),
      waits: ["a WaitingForDelay"],
      due: 300,
    },
    "takes all pods once all have waited": {
      ...four,
      ...reads(2),
      state: waiting({ 2: HOUR, 3: 2 * HOUR }),
      scales: ["a 4>2 after a-3 a-2"],
    },
    "takes as many of the last pods as have waited without a gap": {
      ...four,
      ...reads(0),
      state: waiting({ 0: 2 * HOUR, 1: MINUTE, 2: HOUR, 3: HOUR }),
      scales: ["a 4>2 after a-3 a-2"],
    },
    "takes none before the last pod has waited, however long the others have": {
      ...four,
      ...reads(2),
      state: waiting({ 2: 2 * HOUR, 3: HOUR - 1 }),
      waits: ["a WaitingForDelay"],
      due: 1,
    },
    "comes before pods prepare": {
      pods: { a: "NNNN" },
      parts: { a: delayed(rules({ mirror: {}, prepare: PREPARE })) },
      ...reads(2),
      state: waiting({ 2: HOUR, 3: HOUR }),
      scales: ["a 4>2 prepares a-3 a-2 after a-3 a-2"],
    },
    "asks a pod that goes as well by now, and nobody else has to wait for it": {
      ...four,
      ...reads(1),
      state: waiting({ 2: MINUTE, 3: MINUTE }),
      also: ["PrepareDelayedDownscale a-1 a-2 a-3"],
      waits: ["a WaitingForDelay"],
    },
    "tells pods that stay by now so": {
      ...four,
      ...reads(3),
      state: waiting({ 2: MINUTE, 3: MINUTE }),
      also: ["CancelDelayedDownscale a-2"],
      waits: ["a WaitingForDelay"],
    },
    "is cancelled when as many replicas are wanted again": {
      ...four,
      ...reads(4),
      state: waiting({ 2: MINUTE, 3: MINUTE }),
      also: ["CancelDelayedDownscale a-2 a-3"],
      waits: ["a UndoingPrepareDownscale"],
    },
    "is cancelled when more replicas are wanted, which are given at once": {
      ...four,
      ...reads(6),
      state: waiting({ 3: MINUTE }),
      scales: ["a 4>6"],
      also: ["CancelDelayedDownscale a-3"],
      waits: ["a UndoingPrepareDownscale"],
    },
    "is over when the annotations have gone: pods that go are taken at once, and told nothing": {
      pods: { a: "NNNN" },
      parts: { a: rules({ mirror: {} }) },
      ...reads(3),
      state: waiting({ 2: MINUTE, 3: MINUTE }),
      scales: ["a 4>3"],
      also: ["CancelDelayedDownscale a-2"],
      waits: ["a UndoingPrepareDownscale"],
    },
    "is cancelled when the annotations have gone and no pod is to go": {
      pods: { a: "NNNN" },
      parts: { a: rules({ mirror: {} }) },
      ...reads(4),
      state: waiting({ 3: MINUTE }),
      also: ["CancelDelayedDownscale a-3"],
      waits: ["a UndoingPrepareDownscale"],
    },
    "is not cancelled while its scale-down got no answer and may still come": {
      ...four,
      ...reads(4),
      state: { ...waiting({ 3: 2 * HOUR }), ...unanswered(5) },
    },
    "is cancelled once its scale-down cannot come any more": {
      ...four,
      ...reads(4),
      state: { ...waiting({ 3: 2 * HOUR }), ...unanswered(-1) },
      also: ["CancelDelayedDownscale a-3"],
      waits: ["a UndoingPrepareDownscale"],
    },
    "is not cancelled for a pod that is leaving, but for the one that comes back": {
      pods: { a: "NNNT" },
      parts: { a: mirrored },
      ...reads(4),
      spec: { intervalSeconds: 300 },
      state: waiting({ 3: 2 * HOUR }),
      due: 60,
    },
    "is cancelled where people keep the StatefulSet from being scaled down": {
      pods: { a: "NNNN" },
      parts: { a: { ...mirrored, labels: { "grafana.com/no-downscale": "true" } } },
      ...reads(3),
      state: waiting({ 3: MINUTE }),
      also: ["CancelDelayedDownscale a-3"],
      waits: ["a NoDownscale"],
    },
    "is cancelled under its old URL before pods are asked at another one": {
      pods: { a: "NNNN" },
      parts: { a: delayed(rules({ mirror: {} }), { url: "http://pod/other" }) },
      ...reads(3),
      state: waiting({ 3: 2 * HOUR }),
      also: ["CancelDelayedDownscale a-3"],
      waits: ["a WaitingForDelay"],
      says: "pods that were prepared under another URL are told first",
    },
    "under a URL that was wrong is not cancelled for ever": {
      pods: { a: "NNNN" },
      parts: { a: delayed(rules({ mirror: {} }), { url: "http://pod/other" }) },
      ...reads(3),
      state: waiting({}, { prepared: ["ingester-a-3"], undone: 5, undoneAt: at(-1), undoTrouble: "404" }),
      also: ["PrepareDelayedDownscale a-3"],
      waits: ["a WaitingForDelay"],
    },
    "that could not be cancelled is told of, and tried again after 10 s": {
      ...four,
      ...reads(4),
      state: waiting({ 3: MINUTE }, { undone: 1, undoneAt: at(-3), undoTrouble: "pod said 500" }),
      waits: ["a UndoPrepareDownscaleFailed"],
      says: "may still be prepared for a delayed downscale: pod said 500",
      due: 7,
    },
    "neither goes on nor is cancelled while the mirrored resource cannot be read": {
      ...four,
      observation: { mirrors: { [TEMPLATE]: { reason: "MirrorUnreadable", message: "it is not" } } },
      state: waiting({ 2: HOUR, 3: HOUR }),
      waits: ["a MirrorUnreadable"],
    },
    "asks pods again after ten minutes": {
      ...four,
      ...reads(2),
      state: waiting({ 2: MINUTE, 3: MINUTE }, { askedAt: at(-600) }),
      also: ["PrepareDelayedDownscale a-2 a-3"],
      waits: ["a WaitingForDelay"],
    },
    "of which a pod did not answer keeps all pods, and asks again after a minute": {
      ...four,
      ...reads(2),
      spec: { intervalSeconds: 300 },
      state: waiting({ 3: 2 * HOUR }, { askedAt: at(-20), trouble: "pod ingester-a-2 answered with 500" }),
      waits: ["a DelayedDownscaleFailed"],
      says: "ingester-a stays at 4 replicas (2 wanted): pod ingester-a-2 answered with 500",
      due: 40,
    },
    "of which a pod did not answer a minute ago asks again": {
      ...four,
      ...reads(2),
      state: waiting({ 3: 2 * HOUR }, { trouble: "no" }),
      also: ["PrepareDelayedDownscale a-2 a-3"],
      waits: ["a DelayedDownscaleFailed"],
    },
    "does not ask a pod that does not run, and names it": {
      pods: { a: "NNNP" },
      parts: { a: mirrored },
      ...reads(2),
      also: ["PrepareDelayedDownscale a-2 without a-3"],
      waits: ["a WaitingForDelay"],
    },
    "of a StatefulSet that was created again begins anew": {
      pods: { a: "NNNN" },
      parts: { a: { ...mirrored, uid: "another" } },
      ...reads(3),
      state: waiting({ 3: HOUR }),
      also: ["PrepareDelayedDownscale a-3"],
      waits: ["a WaitingForDelay"],
    },
    "does not begin while a person has paused the resource": {
      ...four,
      ...reads(2),
      spec: { paused: true },
      waits: ["a Paused"],
    },
    "that has begun waits on while a person has paused the resource": {
      ...four,
      ...reads(2),
      spec: { paused: true },
      state: waiting({ 2: MINUTE, 3: MINUTE }),
      waits: ["a WaitingForDelay"],
    },
    "does not begin before other controllers were looked for": {
      ...four,
      observation: { ...reads(2).observation, controllersSoughtAt: undefined },
      waits: ["a LookingForControllers"],
    },
    "does not begin beside another controller": {
      ...four,
      observation: { ...reads(2).observation, foreignController: "Deployment mimir/rollout-operator" },
      waits: ["a ForeignController"],
    },
    "is cancelled in a group that is not OnDelete": {
      pods: { a: "NNNN", b: "N" },
      parts: { a: mirrored, b: { strategy: "RollingUpdate" } },
      ...reads(4),
      state: waiting({ 3: MINUTE }),
      also: ["CancelDelayedDownscale a-3"],
      waits: ["a UndoingPrepareDownscale"],
    },
    "is left alone in a group that is claimed by another": {
      pods: { a: "NNNN" },
      parts: { a: { ...mirrored, annotations: { ...mirrored.annotations, ...claimed("other/x").annotations } } },
      ...reads(4),
      state: waiting({ 3: MINUTE }),
      waits: ["a Overlap"],
    },
    "once it is over waits for the other zones like any other": {
      pods: { a: "NNNN", b: "Nn" },
      parts: { a: mirrored },
      ...reads(2),
      state: waiting({ 2: HOUR, 3: HOUR }),
      waits: ["a WaitingForZone"],
    },
    "of several StatefulSets runs in all at once": {
      pods: { a: "NNNN", b: "NNNN" },
      parts: { a: mirrored, b: mirrored },
      ...reads(3),
      also: ["PrepareDelayedDownscale a-3", "PrepareDelayedDownscale b-3"],
      waits: ["a WaitingForDelay", "b WaitingForDelay"],
    },
    "is what forced replicas wait for too": {
      pods: { a: "NNNN" },
      parts: { a: delayed(rules({ mirror: {}, forced: "3" })) },
      ...reads(4),
      also: ["PrepareDelayedDownscale a-3"],
      waits: ["a WaitingForDelay"],
    },
    "is not asked for by a delay of 0": {
      pods: { a: "NNNN" },
      parts: { a: delayed(rules({ mirror: {} }), { delay: "0s" }) },
      ...reads(3),
      scales: ["a 4>3"],
    },
    "is not asked for without a URL": {
      pods: { a: "NNNN" },
      parts: { a: delayed(rules({ mirror: {} }), { url: "" }) },
      ...reads(3),
      scales: ["a 4>3"],
    },
    "is not asked for where a leader is followed": {
      pods: { a: "NNN", b: "NNNN" },
      parts: { b: delayed(rules({ leader: "a" })) },
      scales: ["b 4>3"],
    },
  });

  test.each([
    ["1h30m", DELAY_URL, undefined],
    ["2d", "http://pod/prepare", undefined],
    ["1.5h", DELAY_URL, 'grafana.com/rollout-delayed-downscale: "1.5h" on StatefulSet ingester-a is no duration'],
    ["1h", "http://pod", "rollout-prepare-delayed-downscale-url on StatefulSet ingester-a is no URL such as http"],
    ["1h", "https://pod/prepare", "is no URL such as http"],
    ["1h", "http://pod:70000/prepare", "is no URL such as http"],
    ["1h", "http://me:secret@pod/prepare", "is no URL such as http"],
    ["1h", "http://pod/x/../../../secrets", "is no URL such as http"],
    ["1h", "http://pod/x%2e%2e", "is no URL such as http"],
    ["1h", "http://pod/x#y", "is no URL such as http"],
    ["1h", "prepare", "is no URL such as http"],
  ])("of %s at %s is read, or refused with one clear warning", (delay, url, warning) => {
    const part = delayed(rules({ mirror: {} }), { delay, url });
    const { scaling, warnings, actions } = plan({
      pods: { a: "NN" },
      parts: { a: part },
      ...reads(1, 2),
      phase: "Idle",
    });
    const kinds = actions.map(({ kind }) => kind);
    expect(kinds.includes("PrepareDelayedDownscale")).toBe(warning === undefined);
    expect(kinds).not.toContain("ScaleStatefulSet");
    const reason = warning === undefined ? "WaitingForDelay" : "MalformedAnnotation";
    expect(scaling.waits.map((wait) => wait.reason)).toEqual([reason]);
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringContaining(warning)]);
    expect(warnings.join(" ")).not.toMatch(/secret/);
  });
});

describe("what is known of pods that wait", () => {
  const after = (state: RolloutState, row: Partial<Parameters<typeof plan>[0]> = {}) =>
    plan({ ...four, ...reads(2), ...row, state, phase: "Idle" }).nextState.delayed?.["ingester-a"];

  test("is written down before the first call, with those that stay and may have been asked by another", () => {
    const kept = after(stateWith({}));
    expect(kept?.prepared).toEqual(["ingester-a-0", "ingester-a-1", "ingester-a-2", "ingester-a-3"]);
    expect(kept).not.toHaveProperty("askedAt");
  });

  test("is kept of those that were scaled away, which may come back prepared, but not since when", () => {
    const state = waiting({ 2: HOUR, 3: HOUR });
    const gone = after(state, { pods: { a: "NN" } });
    expect(gone).toMatchObject({ prepared: ["ingester-a-2", "ingester-a-3"], since: {} });
    const back = plan({
      ...four,
      ...reads(4),
      state: stateWith({ delayed: { "ingester-a": gone as never } }),
      phase: "Idle",
    });
    const told = back.actions.flatMap((action) => (action.kind === "CancelDelayedDownscale" ? action.pods : []));
    expect(told).toEqual(["ingester-a-2", "ingester-a-3"]);
  });

  test("is kept while the annotations have gone and its pods have not yet", () => {
    const state = waiting({ 3: MINUTE });
    const group = { parts: { a: rules({ mirror: {} }) }, ...reads(3) };
    expect(after(state, { ...group, spec: { paused: true } })).toEqual(state.delayed?.["ingester-a"]);
    expect(after(state, { ...group, pods: { a: "NNN" } })).toBeUndefined();
  });

  test("is forgotten once all were told that they stay", () => {
    expect(after(waiting({}), reads(4))).toBeUndefined();
  });

  test.each([
    ["is kept until that is given back", ["ingester-a"], true],
    ["is forgotten once that was given back", [], false],
  ])("of a StatefulSet that is not selected any more %s", (_sentence, claims, kept) => {
    const state = { ...waiting({ 3: HOUR }), claimed: claims };
    const { nextState } = plan({ pods: { b: "NN" }, state, phase: "Idle" });
    expect(nextState.delayed).toEqual(kept ? state.delayed : undefined);
  });

  test.each([
    ["to ask", reads(2), stateWith({}), true],
    ["to tell that they stay", reads(4), waiting({ 3: HOUR }), true],
    ["while they wait", reads(2), waiting({ 2: MINUTE, 3: MINUTE }), false],
    ["at rest", reads(4), stateWith({}), false],
  ])("needs the pods %s: %#", (_when, { observation }, state, needed) => {
    const group = { ...four, observation: { ...observation, pods: undefined, controllersSoughtAt: undefined } };
    expect(plan({ ...group, state, phase: "Idle" }).scaling.needsView).toBe(needed);
  });
});
