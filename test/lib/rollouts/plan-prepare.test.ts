import { describe, expect, test } from "vitest";
import { at } from "./group.ts";
import { claimed, plan } from "./plan-row.ts";
import { PREPARE, rules, scaleDown, testReplicaRows } from "./replica-row.ts";

describe("preparing pods", () => {
  const part = rules({ leader: "a", prepare: PREPARE });
  const endpoint = { port: 80, path: "ingester/prepare-shutdown" };
  testReplicaRows({
    "comes before a scale-down": { pods: { a: "NN", b: "NNN" }, parts: { b: part }, scales: ["b 3>2 prepares b-2"] },
    "is not asked of a pod that does not run": {
      pods: { a: "N", b: "NNP" },
      parts: { b: part },
      scales: ["b 3>1 prepares b-1"],
    },
    "is not asked of a pod that does not exist": {
      pods: { a: "N", b: "NN." },
      parts: { b: part },
      scales: ["b 3>1 prepares b-1"],
    },
    "is asked of nobody where no pod that goes runs": {
      pods: { a: "NN", b: "NN." },
      parts: { b: part },
      scales: ["b 3>2 prepares"],
    },
    "is asked of a pod that runs and is not Ready": {
      pods: { a: "NN", b: "NNn" },
      parts: { b: part },
      scales: ["b 3>2 prepares b-2"],
    },
    "does not come before a scale-up": { pods: { a: "NNN", b: "NN" }, parts: { b: part }, scales: ["b 2>3"] },
    "needs a port": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a", prepare: { path: "x" } }) },
      waits: ["b MalformedAnnotation"],
      warns: ["grafana.com/prepare-downscale-http-port"],
    },
    "needs a path": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a", prepare: { port: "80" } }) },
      waits: ["b MalformedAnnotation"],
      warns: ["grafana.com/prepare-downscale-http-path"],
    },
    "needs a path that stays in the pod": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: rules({ leader: "a", prepare: { port: "80", path: "x/../../../../secrets" } }) },
      waits: ["b MalformedAnnotation"],
      warns: ["is no plain path"],
    },
    "that was not finished is completed": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      scales: ["b 3>2 prepares b-2"],
    },
    "that was not finished is undone when the leader has grown again": {
      pods: { a: "NNN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      waits: ["b UndoingPrepareDownscale"],
      also: ["UndoPrepareDownscale b-2"],
    },
    "that was not finished is undone in a group that is not OnDelete": {
      pods: { a: "NN", b: "NNN" },
      parts: { a: { strategy: "RollingUpdate" }, b: part },
      state: scaleDown("b", { endpoint }),
      waits: ["b NotOnDelete"],
      also: ["UndoPrepareDownscale b-2"],
    },
    "that was not finished is undone beside a foreign controller, though nothing else is wanted": {
      pods: { a: "NNN", b: "NNN" },
      parts: { b: part },
      observation: { foreignController: "Deployment mimir/rollout-operator" },
      state: scaleDown("b", { endpoint }),
      waits: ["b UndoingPrepareDownscale"],
      also: ["UndoPrepareDownscale b-2"],
      due: 10,
    },
    "that was not finished is left alone in a group that is claimed by another, and told of": {
      pods: { a: "NNN", b: "NNN" },
      parts: { a: claimed("other/mimir/ingesters"), b: part },
      state: scaleDown("b", { endpoint, undone: 1, undoneAt: at(-60), trouble: "UndoPrepareDownscale: no" }),
      waits: ["b Overlap"],
      says: "pods of it may still be prepared for it: Claimed already",
    },
    "that was not finished is undone when the scale-down has to wait": {
      pods: { a: "Nn", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      waits: ["b WaitingForZone"],
      also: ["UndoPrepareDownscale b-2"],
    },
    "that was not finished goes on when even fewer are wanted": {
      pods: { a: "N", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
      scales: ["b 3>1 prepares b-2 b-1"],
    },
    "that was not finished is undone when fewer pods are to go": {
      pods: { a: "NN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint, to: 1, pods: ["ingester-b-2", "ingester-b-1"] }),
      waits: ["b WaitingForScaleDown"],
      also: ["UndoPrepareDownscale b-2 b-1"],
    },
    "that was carried out is not undone": {
      pods: { a: "NN", b: "NN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint }),
    },
    "of a StatefulSet that is gone is forgotten": {
      pods: { a: "NN" },
      state: scaleDown("b", { endpoint }),
    },
    "that could not be undone is told of, and tried again after 10 s": {
      pods: { a: "NNN", b: "NNN" },
      parts: { b: part },
      state: scaleDown("b", { endpoint, undone: 1, undoneAt: at(-3), trouble: "UndoPrepareDownscale: pod said 500" }),
      waits: ["b UndoPrepareDownscaleFailed"],
      says: "pods of it may still be prepared for it: pod said 500",
    },
  });

  test.each([
    { ago: 599, undone: [] },
    { ago: 600, undone: ["UndoPrepareDownscale"] },
  ])("is kept after five attempts to undo it, and told again after ten minutes: $ago s", ({ ago, undone }) => {
    const before = scaleDown("b", { endpoint, undone: 5, undoneAt: at(-ago), trouble: "no" });
    const row = { pods: { a: "NNN", b: "NNN" }, parts: { b: part }, phase: "Idle" as const };
    const { actions, nextState, scaling } = plan({ ...row, state: before });
    expect(actions.map(({ kind }) => kind).filter((kind) => kind === "UndoPrepareDownscale")).toEqual(undone);
    expect(nextState.scaleDown).toEqual(before.scaleDown);
    expect(scaling.waits.map(({ reason }) => reason)).toEqual(["UndoPrepareDownscaleFailed"]);
  });
});

test.each([
  ["is kept until that is given back", ["ingester-a", "ingester-b"], {}, true],
  ["is forgotten once that was given back", ["ingester-a"], {}, false],
  ["is forgotten when it was carried out", ["ingester-a", "ingester-b"], { done: true }, false],
])("what was prepared of a StatefulSet that is not selected any more %s", (_sentence, claims, changes, kept) => {
  const before = scaleDown("b", { endpoint: { port: 80, path: PREPARE.path }, ...changes });
  const { nextState } = plan({ pods: { a: "NN" }, state: { ...before, claimed: claims }, phase: "Idle" });
  expect(nextState.scaleDown).toEqual(kept ? before.scaleDown : undefined);
});

test.each([
  ["is read to undo what was prepared", {}, undefined, true],
  ["is not read while it was tried a moment ago", {}, { undone: 1, undoneAt: at(-3), trouble: "no" }, false],
  ["of another owner is not read", claimed("other/mimir/ingesters"), undefined, false],
])("a refused group %s", (_sentence, part, tried, needed) => {
  const endpoint = { port: 80, path: PREPARE.path };
  const { scaling } = plan({
    pods: { a: "NNN", b: "NNN" },
    parts: { a: { strategy: "RollingUpdate", ...part }, b: rules({ leader: "a", prepare: PREPARE }) },
    observation: { pods: undefined },
    spec: "annotations" in part ? { adoptStrategy: "OnDelete" } : {},
    state: scaleDown("b", { endpoint, ...tried }),
    phase: "Refused",
  });
  expect(scaling.needsView).toBe(needed);
});
