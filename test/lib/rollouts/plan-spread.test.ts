import { describe, expect, test } from "vitest";
import { at, underWay } from "./group.ts";
import { plan, testRows } from "./plan-row.ts";

const KEY = "topology.kubernetes.io/zone";
const unzoned = { a: { zone: undefined } };

/** The state in which pods of `ingester-a`, by ordinal, were last seen in these zones. */
const seenIn = (zones: string[], more: Parameters<typeof underWay>[1] = {}) =>
  underWay({ a: {} }, more, {
    nodeZones: { topologyKey: KEY, zones: { "ingester-a": [...new Set(zones)].sort() } },
    podZones: Object.fromEntries(zones.map((zone, ordinal) => [`ingester-a-${ordinal}`, zone])),
  });
/** The same, with what volumes told. */
const withVolumes = (seen: string[], zones: Record<string, string>, topologyKey = KEY) => ({
  ...seenIn(seen),
  volumes: { askedAt: at(-5), topologyKey, zones },
});
const spread = seenIn(["x", "y", "z", "x", "y", "z"]);
const six = (letters: string) => ({ pods: { a: letters }, parts: unzoned, state: spread });

testRows({
  "one StatefulSet over several zones": {
    "starts with the highest ordinal of the first zone": { ...six("oooooo"), deletes: ["a-3"], phase: "Progressing" },
    "goes on in its zone": { ...six("oooNoo"), deletes: ["a-0"], phase: "Progressing" },
    "starts the next zone when one is complete": { ...six("NooNoo"), deletes: ["a-4"], phase: "Progressing" },
    "follows azOrder": { ...six("oooooo"), spec: { azOrder: ["z"] }, deletes: ["a-5"], phase: "Progressing" },
    "works on an unready zone first": {
      ...six("ooooot"),
      spec: { maxUnavailable: 2 },
      deletes: ["a-2"],
      phase: "Progressing",
    },
    "holds while two zones are unready": {
      ...six("oooxot"),
      phase: "Held",
      reason: "MultipleZonesUnready",
      says: "x (ingester-a-3: NotReady); z (ingester-a-5: Terminating)",
    },
    "a missing pod is unavailable in the zone it was last seen in": {
      ...six("NooNo."),
      phase: "Progressing",
      reason: "WaitingForPods",
      says: "ingester-a-5: missing",
    },
    "a pod never seen on a node is a zone of its own, and unready": {
      ...six("oooooop"),
      phase: "Progressing",
      reason: "WaitingForPods",
      says: "ingester-a-6: Pending",
    },
    "a pod never seen on a node counts for the zone of its volume": {
      pods: { a: "ooooopo" },
      parts: unzoned,
      spec: { maxUnavailable: 2 },
      state: withVolumes(["x", "y", "z", "x", "y"], { "ingester-a-5": "x", "ingester-a-6": "y" }),
      deletes: ["a-5"],
      phase: "Progressing",
    },
    "a pod without a node counts for the zone of its volume, whatever node it was last on": {
      pods: { a: "oopooo" },
      parts: unzoned,
      state: withVolumes(["x", "y", "z", "x", "y", "z"], { "ingester-a-2": "y" }),
      phase: "Progressing",
      reason: "WaitingForPods",
      says: "Zone y: maxUnavailable 1 is used up; waiting for ingester-a-2: Pending",
    },
    "what volumes told under another node label counts no more": {
      pods: { a: "oopooo" },
      parts: unzoned,
      state: withVolumes(["x", "y", "z", "x", "y", "z"], { "ingester-a-2": "y" }, "example.com/rack"),
      phase: "Progressing",
      reason: "WaitingForPods",
      says: "Zone z: ",
    },
    "a percentage is of the pods of the zone": {
      pods: { a: "oooooo" },
      parts: unzoned,
      spec: { maxUnavailable: "50%" },
      state: seenIn(["x", "y", "x", "x", "x", "y"]),
      deletes: ["a-4", "a-3"],
      phase: "Progressing",
    },
    "all pods in one zone are one zone": {
      pods: { a: "ooo" },
      parts: unzoned,
      state: seenIn(["x", "x", "x"]),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "a StatefulSet with a zone of its own is not split": {
      pods: { a: "oooooo" },
      state: spread,
      deletes: ["a-0"],
      phase: "Progressing",
    },
  },
});

test("currentRevision is written when every zone is complete, not before", () => {
  const kinds = (letters: string) => plan({ ...six(letters), phase: "Progressing" }).actions.map(({ kind }) => kind);
  expect(kinds("NooNoo")).not.toContain("SetCurrentRevision");
  expect(kinds("NNNNNN")).toEqual(["SetCurrentRevision"]);
});

test("a node tells the zone of its pods, and what it told is kept", () => {
  const zoneOfNode = { "node-ingester-a": "w" };
  const row = { pods: { a: "oo." }, parts: unzoned, observation: { zoneOfNode }, phase: "Progressing" as const };
  const { nextState } = plan({ ...row, state: seenIn(["x", "y", "z"]) });
  expect(nextState.podZones).toEqual({ "ingester-a-0": "w", "ingester-a-1": "w", "ingester-a-2": "z" });
});

describe("what volumes told", () => {
  const zones = { "ingester-a-0": "v", "ingester-a-1": "v" };
  const volumes = { askedAt: at(-5), topologyKey: KEY, zones };
  const row = (letters: string) => ({
    pods: { a: letters },
    parts: unzoned,
    state: { ...spread, volumes },
    phase: "Progressing" as const,
  });

  test("gives way to the node the pod is on", () => {
    const zoneOfNode = { "node-ingester-a": "w" };
    const { nextState } = plan({ ...row("oo"), observation: { zoneOfNode } });
    expect(nextState.podZones).toEqual({ "ingester-a-0": "w", "ingester-a-1": "w" });
  });

  test("is kept while the rollout goes on, and forgotten with it; the zones of the pods stay known", () => {
    expect(plan(row("op")).nextState).toMatchObject({ volumes, podZones: zones });
    const { nextState } = plan(row("NN"));
    expect(nextState).toMatchObject({ podZones: zones });
    expect(nextState).not.toHaveProperty("volumes");
  });

  test("that we may not look is a condition of its own, and stops nothing", () => {
    const refused = { reason: "Forbidden", message: "apply the role" };
    const state = { ...spread, volumes: { ...volumes, zones: {}, refused } };
    const { notes, actions } = plan({ ...six("oooooo"), state, phase: "Progressing" });
    expect(notes).toEqual([{ type: "VolumeZonesKnown", ...refused }]);
    expect(actions.map(({ kind }) => kind)).toContain("DeletePod");
  });
});
