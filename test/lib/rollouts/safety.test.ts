import { describe, expect, test } from "vitest";
import { planRollout } from "../../../lib/rollouts/plan.ts";
import { SAFETY_RULES } from "../../../lib/rollouts/safety.ts";
import type { Candidate, SafetyContext } from "../../../lib/rollouts/safety-rule.ts";
import { freshState } from "../../../lib/rollouts/state.ts";
import { at, type GroupOptions, NOW, OWNER, observe, spec } from "./group.ts";

type Change = (context: SafetyContext) => Partial<SafetyContext>;

/** What a rule is given: the zones of a group and, unless it says otherwise, every pod of them as a candidate. */
function given(group: GroupOptions, change: Change = () => ({})): { batch: Candidate[]; context: SafetyContext } {
  const observation = observe(group);
  const { zones } = planRollout({ spec: spec(), observation, state: freshState("uid-resource"), owner: OWNER });
  const context: SafetyContext = {
    spec: spec(),
    now: NOW,
    statefulSetsReadAt: NOW,
    owner: OWNER,
    zones,
    zoneConflicts: [],
    zoneTimes: {},
    foreignController: undefined,
    controllersSoughtAt: NOW,
    lastBatchAt: undefined,
    prepared: undefined,
    approval: undefined,
    membersApproval: undefined,
    restores: [],
    rejectedAgain: [],
    gates: undefined,
    asksShifts: false,
    stop: undefined,
    generation: 3,
    rollback: undefined,
    stalled: undefined,
  };
  const batch = zones.flatMap((zone) => zone.parts.flatMap((part) => part.pods.map((pod) => ({ zone, part, pod }))));
  return { batch, context: { ...context, ...change(context) } };
}

const healthy: GroupOptions = { pods: { a: "oo", b: "oo" } };

/** One row per rule: a situation, what the rule alone leaves of the batch, and the reason it gives. */
const rows: Record<string, [GroupOptions, Change, string[], string | undefined]> = {
  "the selector matches nothing": [{ pods: {} }, () => ({}), [], "NoStatefulSets"],
  "a StatefulSet is not OnDelete": [
    { ...healthy, parts: { a: { strategy: "RollingUpdate" } } },
    () => ({}),
    [],
    "NotOnDelete",
  ],
  "a StatefulSet is in no single zone": [healthy, () => ({ zoneConflicts: ["x spans"] }), [], "ZoneConflict"],
  "another owner holds a claim": [
    { ...healthy, parts: { b: { annotations: { "outrigger.dev/rollout": "other/mimir/ingesters" } } } },
    () => ({}),
    [],
    "Overlap",
  ],
  "a controller in the cluster could act too": [healthy, () => ({ foreignController: "it" }), [], "ForeignController"],
  "a StatefulSet is made OnDelete first": [
    { ...healthy, parts: { a: { strategy: "RollingUpdate" } } },
    () => ({ spec: spec({ adoptStrategy: "OnDelete" }) }),
    [],
    "AdoptingStrategy",
  ],
  "a StatefulSet's status is older than its spec": [
    { ...healthy, parts: { a: { generation: 2 } } },
    () => ({}),
    [],
    "WaitingForStatefulSet",
  ],
  "a person has stopped it in the hub": [
    healthy,
    () => ({ stop: { type: "paused", at: NOW, by: "anna" } }),
    [],
    "PausedByOrder",
  ],
  "the resource is paused": [healthy, () => ({ spec: spec({ paused: true }) }), [], "Paused"],
  "a template that is rolled back is restored first": [
    healthy,
    () => ({ restores: [{ statefulSet: "ingester-a", from: "bad", to: "old" }] }),
    [],
    "RestoringTemplate",
  ],
  "a template that was rolled back is not tried again": [
    healthy,
    () => ({ rejectedAgain: ["ingester-a"] }),
    [],
    "TemplateRejected",
  ],
  "no progress before the deadline": [healthy, () => ({ stalled: { message: "" } }), [], "ProgressDeadlineExceeded"],
  "a pod of the wanted revision is never deleted": [{ pods: { a: "No" } }, () => ({}), ["a-1"], undefined],
  "a terminating pod is skipped": [{ pods: { a: "to" } }, () => ({}), ["a-1"], undefined],
  "a paused StatefulSet is left alone": [
    { ...healthy, parts: { a: { annotations: { "grafana.com/rollout-paused": "true" } } } },
    () => ({}),
    ["b-0", "b-1"],
    undefined,
  ],
  "the members have changed": [
    healthy,
    ({ zones }) => ({ zones: zones.map((zone) => ({ ...zone, changed: ["gone"] })) }),
    [],
    "MembershipChanged",
  ],
  "two zones or more are unready": [{ pods: { a: "ox", b: "xo", c: "oo" } }, () => ({}), [], "MultipleZonesUnready"],
  "one zone at a time, an unready one first": [{ pods: { a: "oo", b: "ox" } }, () => ({}), ["b-0", "b-1"], undefined],
  "a completed zone soaks first": [
    { pods: { a: "NN", b: "oo" } },
    ({ zones }) => ({
      zones,
      spec: spec({ zoneSoakSeconds: 60 }),
      zoneTimes: { a: { startedAt: at(-9), finishedAt: at(-5), soakFrom: at(-5) } },
    }),
    ["a-0", "a-1"],
    undefined,
  ],
  "a person approves each zone": [
    { pods: { a: "NN", b: "oo" } },
    () => ({
      spec: spec({ pauseAfterZone: true }),
      approval: { token: "a.1", of: "the zone after a" },
      zoneTimes: { a: { startedAt: at(-9), finishedAt: at(-5) } },
    }),
    ["a-0", "a-1"],
    undefined,
  ],
  "the StatefulSets of one zone go in name order": [
    { pods: { "a-x": "oo", "b-x": "oo" }, parts: { "a-x": { zone: "x" }, "b-x": { zone: "x" } } },
    () => ({}),
    ["a-x-0", "a-x-1"],
    undefined,
  ],
  "a pod that was prepared for its end is told first that it stays": [
    healthy,
    () => ({ prepared: "ingester-a" }),
    ["b-0", "b-1"],
    undefined,
  ],
  "no more than maxUnavailable": [{ pods: { a: "oo" } }, () => ({}), ["a-0"], undefined],
  "exponential batches begin with one pod": [
    { pods: { a: "ooo" } },
    () => ({ spec: spec({ strategy: { type: "Exponential", factor: 2 } }) }),
    ["a-0"],
    undefined,
  ],
  "a pod is judged by StatefulSets that were listed after it was created": [
    { pods: { a: "yy" } },
    () => ({}),
    [],
    "WaitingForStatefulSet",
  ],
  "intervalSeconds between two batches": [
    healthy,
    () => ({ spec: spec({ intervalSeconds: 30 }), lastBatchAt: at(-10) }),
    [],
    "WaitingForInterval",
  ],
  "gates and zonal shifts are asked before every batch": [healthy, () => ({ asksShifts: true }), [], "AskingGates"],
  "no zonal shift is active": [
    healthy,
    () => ({ gates: { askedAt: NOW, asked: "[]", answers: [], shifts: { result: "Known", awayFrom: ["use1-az1"] } } }),
    [],
    "ZonalShiftActive",
  ],
  "every gate is open": [
    healthy,
    () => ({ spec: spec({ gates: [{ probe: "Healthy", onNoData: "Hold" }] }) }),
    [],
    undefined,
  ],
  "other controllers are looked for before a zone starts, and each minute": [
    healthy,
    () => ({ controllersSoughtAt: at(-10) }),
    [],
    "LookingForControllers",
  ],
};

describe("each safety rule alone", () => {
  test("has a row here", () => {
    expect(Object.keys(rows)).toEqual(SAFETY_RULES.map(({ name }) => name));
  });

  test.each(Object.entries(rows))("%s", (name, [group, change, left, reason]) => {
    const rule = SAFETY_RULES.find((each) => each.name === name);
    const { batch, context } = given(group, change);
    const result = rule?.apply(batch, context);
    expect(result?.keep.map(({ pod }) => pod.name.replace("ingester-", ""))).toEqual(left);
    expect(result?.hold?.reason).toBe(reason);
  });

  test.each(SAFETY_RULES.map(({ name }) => name))("has nothing against a healthy group: %s", (name) => {
    const rule = SAFETY_RULES.find((each) => each.name === name);
    const { batch, context } = given({ pods: { a: "o" } });
    expect(rule?.apply(batch, context)).toEqual({ keep: batch });
  });
});
