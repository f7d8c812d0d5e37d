import { expect, test } from "vitest";
import { zoneApproval } from "../../../lib/rollouts/approval.ts";
import { at, resource, underWay } from "./group.ts";
import { plan, testRows } from "./plan-row.ts";

const finished = { a: { startedAt: at(-90), finishedAt: at(-20), soakFrom: at(-20) } };
const token = zoneApproval({ startedAt: at(-100), zones: finished })?.token ?? "";
const completedB = { startedAt: at(-15), finishedAt: at(-5), soakFrom: at(-5) };
const overtaking = { a: { startedAt: at(-90), finishedAt: at(-2), soakFrom: at(-2) }, b: completedB };
const ofB = zoneApproval({ startedAt: at(-100), zones: { b: completedB } })?.token ?? "";
const ofBoth = zoneApproval({ startedAt: at(-100), zones: overtaking })?.token ?? "";
const changedB = { "ingester-a": "new", "ingester-b": "mid" };
const waiting = { pods: { a: "NN", b: "oo", c: "oo" }, spec: { pauseAfterZone: true } };
const state = underWay({ a: {}, b: {}, c: {} }, { zones: finished });
const annotated = (value: string) => ({ resource: resource({ "outrigger.dev/approve": value }) });
const gone = { pods: { a: "NN", b: "oo" }, state: underWay({ a: {}, b: {}, c: {} }) };
const goneToken = plan({ ...gone, phase: "Held" }).approval?.token ?? "";

testRows({
  "a stop after each zone": {
    "no other zone starts before a person has approved": {
      ...waiting,
      state,
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: `outrigger.dev/approve=${token}`,
    },
    "approved by annotation the next zone starts": {
      ...waiting,
      state,
      observation: annotated(token),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "one token of several is enough": {
      ...waiting,
      state,
      observation: annotated(`members.00000000, ${token}`),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "the token of an earlier rollout approves nothing": {
      ...waiting,
      state: underWay({ a: {}, b: {}, c: {} }, { zones: finished, startedAt: at(-95) }),
      observation: annotated(token),
      phase: "Paused",
      reason: "ApprovalNeeded",
    },
    "an approval written down holds without the annotation": {
      ...waiting,
      state: underWay({ a: {}, b: {}, c: {} }, { zones: finished, approved: token }),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "a zone that was started goes on": {
      ...waiting,
      pods: { a: "NN", b: "No", c: "oo" },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: { ...finished, b: { startedAt: at(-5) } } }),
      deletes: ["b-1"],
      phase: "Progressing",
    },
    "the approval of one zone is none of the next": {
      ...waiting,
      pods: { a: "NN", b: "NN", c: "oo" },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: { ...finished, b: completedB }, approved: token }),
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: "the zone after b",
    },
    "a zone that is complete once more, after members were accepted, asks once more": {
      ...waiting,
      pods: { a: "NN", b: "NN", c: "oo" },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: overtaking, approved: token }),
      observation: annotated(`${token}, ${ofB}`),
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: "the zone after a",
    },
    "a zone that was begun before the last approval and completed after it is approved as well": {
      ...waiting,
      pods: { a: "NN", b: "NN", c: "oo" },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: overtaking, approved: ofB }),
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: "the zone after a",
    },
    "approved after the zone that was completed last, the next zone starts": {
      ...waiting,
      pods: { a: "NN", b: "NN", c: "oo" },
      state: underWay({ a: {}, b: {}, c: {} }, { zones: overtaking, approved: ofB }),
      observation: annotated(ofBoth),
      deletes: ["c-0"],
      phase: "Progressing",
    },
    "an approval saved by an earlier version, whose tokens were others, is asked for again": {
      ...waiting,
      state: underWay({ a: {}, b: {}, c: {} }, { zones: finished, approved: "a.1b2c3d4e" }),
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: `outrigger.dev/approve=${token}`,
    },
    "a zone that was on its way when the template of another changed is approved as well": {
      ...waiting,
      pods: { a: "NN", b: "oo" },
      state: underWay({ a: {}, b: {} }, { zones: { a: { startedAt: at(-90) } }, revisions: changedB }),
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: "the zone after a",
    },
    "a zone that is not approved when the template of another changes is to be approved still": {
      ...waiting,
      pods: { a: "NN", b: "oo" },
      state: underWay({ a: {}, b: {} }, { zones: finished, revisions: changedB }),
      phase: "Paused",
      reason: "ApprovalNeeded",
      says: "the zone after a",
    },
    "a zone whose own template changes is begun anew without one": {
      ...waiting,
      pods: { a: "oo", b: "oo" },
      state: underWay({ a: {}, b: {} }, { zones: finished, revisions: { ...changedB, "ingester-a": "mid" } }),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "a zone that soaks when the template of another changes soaks on": {
      pods: { a: "NN", b: "oo" },
      spec: { zoneSoakSeconds: 60 },
      state: underWay({ a: {}, b: {} }, { zones: finished, revisions: changedB }),
      phase: "Progressing",
      reason: "Soaking",
    },
    "a broken pod in another zone is cured without one": {
      ...waiting,
      pods: { a: "NN", b: "co", c: "oo" },
      state,
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "after the last zone nobody is asked": {
      ...waiting,
      pods: { a: "NN" },
      state: underWay({ a: {} }),
      phase: "Completed",
    },
  },
  "changed members": {
    "are told with the token that accepts them": {
      ...gone,
      phase: "Held",
      reason: "MembershipChanged",
      says: `outrigger.dev/approve=${goneToken}`,
    },
    "are accepted as they are by annotation": {
      ...gone,
      observation: annotated(goneToken),
      deletes: ["b-0"],
      phase: "Progressing",
    },
    "that change again ask again": {
      pods: { a: "NN", b: "oo", c: "oo" },
      parts: { c: { uid: "another" } },
      state: underWay({ a: {}, b: {}, c: {} }),
      observation: annotated(goneToken),
      phase: "Held",
      reason: "MembershipChanged",
    },
  },
});

test("an approval is written down, and told while it is waited for", () => {
  const row = { ...waiting, state, phase: "Paused" as const };
  expect(plan(row).approval).toEqual({ token, of: "the zone after a" });
  const approved = plan({ ...row, observation: annotated(token) });
  expect(approved.approval).toBeUndefined();
  expect(approved.nextState.rollout?.approved).toBe(token);
});

test("accepted members are saved as they are", () => {
  const created = { pods: { a: "NN", c: "oo" }, parts: { c: { uid: "another" } } };
  const before = underWay({ a: {}, c: {} });
  const asked = plan({ ...created, state: before, phase: "Held" }).approval?.token ?? "";
  const { nextState } = plan({ ...created, state: before, observation: annotated(asked), phase: "Progressing" });
  expect(nextState.rollout?.members.map(({ uid }) => uid)).toEqual(["uid-ingester-a", "another"]);
});
