import { describe, expect, test } from "vitest";
import { assignZones, compareZones, needsNodes } from "../../../lib/rollouts/zones.ts";
import { type PartOptions, statefulSet } from "./group.ts";

const KEY = "topology.kubernetes.io/zone";
const unlabelled: PartOptions = { zone: undefined };
const onNode = (zone: string): PartOptions => ({ zone: undefined, spec: { nodeSelector: { [KEY]: zone } } });
const affine = (operator: string, ...values: string[]): PartOptions => ({
  zone: undefined,
  spec: {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: KEY, operator, values }] }],
        },
      },
    },
  },
});

interface Row {
  sets: Record<string, PartOptions>;
  azOrder?: string[];
  nodes?: Record<string, string[]>;
  zones: Record<string, string>;
  conflicts?: number;
}

const rows: Record<string, Row> = {
  "a label zone in azOrder wins over a name suffix": {
    sets: { "ingester-zone-a": { zone: "zone-b" } },
    azOrder: ["zone-a", "zone-b"],
    zones: { "ingester-zone-a": "zone-b" },
  },
  "a name suffix in azOrder wins over a label that is not": {
    sets: { "ingester-zone-a": { zone: "first" } },
    azOrder: ["zone-a"],
    zones: { "ingester-zone-a": "zone-a" },
  },
  "a suffix counts as a whole word only": {
    sets: { "ingester-zone-11": unlabelled, "ingester-zone-1": unlabelled },
    azOrder: ["zone-1"],
    zones: { "ingester-zone-11": "ingester-zone-11", "ingester-zone-1": "zone-1" },
  },
  "the longest suffix wins": {
    sets: { "ingester-zone-a": unlabelled },
    azOrder: ["a", "zone-a"],
    zones: { "ingester-zone-a": "zone-a" },
  },
  "the label zone names the zone": { sets: { x: { zone: "zone-a" } }, zones: { x: "zone-a" } },
  "a label comes before a nodeSelector": {
    sets: { x: { ...onNode("us-east-1a"), zone: "zone-a" } },
    zones: { x: "zone-a" },
  },
  "a nodeSelector names the zone": {
    sets: { x: onNode("us-east-1a"), y: onNode("us-east-1b") },
    zones: { x: "us-east-1a", y: "us-east-1b" },
  },
  "a required node affinity names the zone": {
    sets: { x: affine("In", "us-east-1a"), y: affine("In", "us-east-1b") },
    zones: { x: "us-east-1a", y: "us-east-1b" },
  },
  "an affinity to two zones, or away from one, names none": {
    sets: { x: affine("In", "us-east-1a", "us-east-1b"), y: affine("NotIn", "us-east-1c") },
    zones: { x: "x", y: "y" },
  },
  "all pinned to one physical zone are logical zones": {
    sets: { x: onNode("us-east-1a"), y: onNode("us-east-1a") },
    zones: { x: "x", y: "y" },
  },
  "unless azOrder names that zone": {
    sets: { x: onNode("us-east-1a"), y: onNode("us-east-1a") },
    azOrder: ["us-east-1a"],
    zones: { x: "us-east-1a", y: "us-east-1a" },
  },
  "two pinned to one of several zones share it": {
    sets: { x: onNode("us-east-1a"), y: onNode("us-east-1a"), z: onNode("us-east-1b") },
    zones: { x: "us-east-1a", y: "us-east-1a", z: "us-east-1b" },
  },
  "the nodes of its pods tell the zone": {
    sets: { x: unlabelled, y: unlabelled },
    nodes: { x: ["us-east-1a"], y: ["us-east-1b"] },
    zones: { x: "us-east-1a", y: "us-east-1b" },
  },
  "several are never merged by their nodes": {
    sets: { x: unlabelled, y: unlabelled },
    nodes: { x: ["us-east-1a"], y: ["us-east-1a"] },
    zones: { x: "x", y: "y" },
  },
  "nor merged into a zone that has a name": {
    sets: { x: onNode("us-east-1a"), y: unlabelled },
    nodes: { y: ["us-east-1a"] },
    zones: { x: "us-east-1a", y: "y" },
  },
  "without any of these its own name is the zone": { sets: { x: unlabelled }, zones: { x: "x" } },
  "pods on nodes of two zones beside others are a conflict": {
    sets: { x: unlabelled, y: { zone: "b" } },
    nodes: { x: ["us-east-1a", "us-east-1b"] },
    zones: { x: "us-east-1a", y: "b" },
    conflicts: 1,
  },
  "a named zone on nodes of two zones is none": {
    sets: { x: { zone: "a" } },
    nodes: { x: ["us-east-1a", "us-east-1b"] },
    zones: { x: "a" },
  },
};

describe("the zone of a StatefulSet", () => {
  test.each(Object.entries(rows))("%s", (_sentence, { sets, azOrder = [], nodes = {}, zones, conflicts = 0 }) => {
    const statefulSets = Object.entries(sets).map(([name, options]) => statefulSet(name, "oo", options));
    const assigned = assignZones(statefulSets, { azOrder, topologyKey: KEY, nodeZones: nodes });
    expect(Object.fromEntries(assigned.zones)).toEqual(zones);
    expect(assigned.conflicts).toHaveLength(conflicts);
  });

  test("nodes are read only for those whose zone nothing else tells", () => {
    const sets = { a: { zone: "a" }, b: unlabelled, c: onNode("us-east-1a"), "d-zone-d": unlabelled };
    const statefulSets = Object.entries(sets).map(([name, options]) => statefulSet(name, "oo", options));
    expect(needsNodes(statefulSets, { azOrder: ["zone-d"], topologyKey: KEY })).toEqual(["b"]);
  });

  test("zones of azOrder come first, then the others alphabetically", () => {
    expect(["d", "a", "c", "b"].sort(compareZones(["c", "b"]))).toEqual(["c", "b", "a", "d"]);
  });
});
