import { at, OWNER, underWay } from "./group.ts";
import { claimed, testRows } from "./plan-row.ts";

const three = { a: {}, b: {}, c: {} };

testRows({
  "what is selected": {
    "no StatefulSet is no error": { pods: {}, phase: "Idle", reason: "NoStatefulSets" },
    "nothing outdated and never rolled is idle": { pods: { a: "NN", b: "NN" }, phase: "Idle", reason: "UpToDate" },
    "one that is not OnDelete holds the whole group": {
      pods: { a: "oo", b: "oo" },
      parts: { b: { strategy: "RollingUpdate" } },
      phase: "Refused",
      reason: "NotOnDelete",
      says: "ingester-b (RollingUpdate)",
    },
    "not OnDelete names the two ways out": {
      pods: { a: "NN" },
      parts: { a: { strategy: "RollingUpdate" } },
      phase: "Refused",
      says: "updateStrategy.type to OnDelete, or let Outrigger do so with adoptStrategy",
    },
    "one to be adopted is made OnDelete before anything else": {
      pods: { a: "oo", b: "oo" },
      parts: { b: { strategy: "RollingUpdate" } },
      spec: { adoptStrategy: "OnDelete" },
      phase: "Progressing",
      reason: "AdoptingStrategy",
      says: "ingester-b becomes OnDelete",
    },
    "none of a group that another owner holds is adopted": {
      pods: { a: "oo", b: "oo" },
      parts: { a: claimed("hub/mimir/other"), b: { strategy: "RollingUpdate" } },
      spec: { adoptStrategy: "OnDelete" },
      phase: "Held",
      reason: "Overlap",
    },
    "a pod of another controller is not ours to delete": {
      pods: { a: "oo" },
      observation: { pods: [] },
      phase: "Idle",
    },
    "a zone that spans nodes of two zones beside others is refused": {
      pods: { a: "oo", b: "oo" },
      parts: { b: { zone: undefined } },
      observation: { nodeZones: { "ingester-b": ["eu-1", "eu-2"] } },
      phase: "Refused",
      reason: "ZoneConflict",
      says: "eu-1, eu-2",
    },
  },
  "who else acts": {
    "a claim of another resource holds": {
      pods: { a: "oo", b: "oo" },
      parts: { b: claimed("hub/mimir/other") },
      phase: "Held",
      reason: "Overlap",
      says: "ingester-b by hub/mimir/other",
    },
    "a claim of another hub holds even when nothing is outdated": {
      pods: { a: "NN" },
      parts: { a: claimed("hub-2/mimir/ingesters") },
      phase: "Held",
      reason: "Overlap",
    },
    "our own claim does not": {
      pods: { a: "oo" },
      parts: { a: claimed(OWNER) },
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "a foreign controller holds": {
      pods: { a: "oo" },
      observation: { foreignController: "Deployment ops/rollout-operator (grafana/rollout-operator:v1)" },
      phase: "Held",
      reason: "ForeignController",
      says: "scale it to 0",
    },
  },
  "other controllers": {
    "are looked for before the first batch": {
      pods: { a: "oo" },
      observation: { controllersSoughtAt: undefined },
      phase: "Progressing",
      reason: "LookingForControllers",
    },
    "are not looked for twice before a batch": {
      pods: { a: "oo" },
      observation: { controllersSoughtAt: at(-9) },
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "are looked for again before the next zone starts": {
      pods: { a: "NN", b: "oo" },
      state: underWay({ a: {}, b: {} }, { zones: { a: { startedAt: at(-9) } } }),
      observation: { controllersSoughtAt: at(-1) },
      phase: "Progressing",
      reason: "LookingForControllers",
    },
    "are not looked for again within a zone": {
      pods: { a: "No" },
      state: underWay({ a: {} }, { zones: { a: { startedAt: at(-90) } } }),
      observation: { controllersSoughtAt: at(-59) },
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "are looked for again within a zone after a minute": {
      pods: { a: "No" },
      state: underWay({ a: {} }, { zones: { a: { startedAt: at(-90) } } }),
      observation: { controllersSoughtAt: at(-60) },
      phase: "Progressing",
      reason: "LookingForControllers",
    },
    "are not looked for while nothing would be deleted": {
      pods: { a: "NN", b: "nN", c: "oo" },
      observation: { controllersSoughtAt: undefined },
      phase: "Progressing",
      reason: "WaitingForZone",
    },
  },
  "pods created a moment ago": {
    "go once the StatefulSets were read again, older pods of the zone first": {
      pods: { a: "yo" },
      spec: { maxUnavailable: 2 },
      deletes: ["a-1"],
      phase: "Progressing",
    },
    "in the zone whose turn it is are waited for, whatever later zones have": {
      pods: { a: "yy", b: "oo" },
      phase: "Progressing",
      reason: "WaitingForStatefulSet",
    },
  },
  "a status behind its spec": {
    "an unobserved generation is waited for": {
      pods: { a: "oo", b: "oo" },
      parts: { a: { generation: 2 } },
      phase: "Progressing",
      reason: "WaitingForStatefulSet",
    },
    "no updateRevision is waited for": {
      pods: { a: "oo" },
      parts: { a: { withoutRevision: true } },
      phase: "Progressing",
      reason: "WaitingForStatefulSet",
    },
  },
  members: {
    "a member that is gone holds the next zone": {
      pods: { a: "NN", b: "oo" },
      state: underWay(three),
      phase: "Held",
      reason: "MembershipChanged",
      says: "ingester-c is gone",
    },
    "a member created again holds the next zone": {
      pods: { a: "NN", b: "oo", c: "oo" },
      parts: { c: { uid: "another" } },
      state: underWay(three),
      phase: "Held",
      reason: "MembershipChanged",
      says: "deleted and created again",
    },
    "a member that is gone holds even when all others are done": {
      pods: { a: "NN", b: "NN" },
      state: underWay(three),
      phase: "Held",
      reason: "MembershipChanged",
    },
    "a member that is back lets the rollout go on": {
      pods: { a: "NN", b: "oo", c: "oo" },
      state: underWay(three),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "another selector accepts new members": {
      pods: { a: "NN", b: "oo" },
      state: underWay(three, { selector: "{}" }),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "a StatefulSet that joins is rolled too": {
      pods: { a: "NN", b: "NN", d: "oo" },
      state: underWay({ a: {}, b: {} }),
      deletes: ["d-0"],
      phase: "Progressing",
    },
    "two StatefulSets of one zone go in name order": {
      pods: { "b-x": "oo", "a-x": "oo", c: "oo" },
      parts: { "a-x": { zone: "x" }, "b-x": { zone: "x" }, c: { zone: "y" } },
      deletes: ["a-x-0"],
      phase: "Progressing",
    },
    "the zone is complete when both are": {
      pods: { "a-x": "NN", "b-x": "oo", c: "oo" },
      parts: { "a-x": { zone: "x" }, "b-x": { zone: "x" }, c: { zone: "y" } },
      deletes: ["b-x-0"],
      phase: "Progressing",
    },
  },
});
