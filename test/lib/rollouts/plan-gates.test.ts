import { expect, test } from "vitest";
import { type Gate, type GateAnswer, questionOf, type ShiftReading } from "../../../lib/rollouts/gates.ts";
import { at, underWay } from "./group.ts";
import { plan, testRows } from "./plan-row.ts";

const gates: Gate[] = [
  { alarm: { name: "errors" }, onNoData: "Hold" },
  { probe: "Healthy", onNoData: "Pass" },
];
const answer = (gate: string, result: GateAnswer["result"], reason: GateAnswer["reason"] = "Open"): GateAnswer =>
  ({ gate, result, reason, message: `it is ${reason}` }) as GateAnswer;
const readings = (alarm: GateAnswer, probe: GateAnswer = answer("probe", "Open"), secondsAgo = 3) => ({
  askedAt: at(-secondsAgo),
  asked: questionOf({ gates, ignoreGates: false }),
  answers: [alarm, probe],
});
const open = answer("alarm errors", "Open");
const group = { pods: { a: "oo", b: "oo" }, spec: { gates } };
const firing = readings(answer("alarm errors", "Closed", "AlarmActive"));

testRows({
  gates: {
    "are asked before the first batch": { ...group, phase: "Progressing", reason: "AskingGates" },
    "that are all open let the batch go": { ...group, gates: readings(open), deletes: ["a-0"], phase: "Progressing" },
    "are asked again after 10 s": {
      ...group,
      gates: readings(open, open, 10),
      phase: "Progressing",
      reason: "AskingGates",
    },
    "that have changed are asked again": {
      ...group,
      gates: { ...readings(open), asked: "[]" },
      phase: "Progressing",
      reason: "AskingGates",
    },
    "with one closed hold and say which": {
      ...group,
      gates: firing,
      phase: "Held",
      reason: "AlarmActive",
      says: "alarm errors: it is AlarmActive",
    },
    "that could not be asked hold": {
      ...group,
      gates: readings(answer("alarm errors", "Failed", "AlarmNotFound")),
      phase: "Held",
      reason: "AlarmNotFound",
    },
    "without data hold": {
      ...group,
      gates: readings(answer("alarm errors", "NoData", "GateNoData")),
      phase: "Held",
      reason: "GateNoData",
    },
    "without data pass where the spec says so": {
      ...group,
      gates: readings(open, answer("probe", "NoData", "GateNoData")),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "hold a cure as well": {
      ...group,
      pods: { a: "co", b: "oo" },
      gates: firing,
      phase: "Held",
      reason: "AlarmActive",
    },
    "are ignored when the spec says so": {
      ...group,
      spec: { gates, ignoreGates: true },
      gates: firing,
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "are asked at once when they are no longer ignored": {
      ...group,
      gates: { askedAt: at(-3), asked: questionOf({ gates, ignoreGates: true }), answers: [] },
      phase: "Progressing",
      reason: "AskingGates",
    },
    "are not asked when nothing would be deleted": {
      ...group,
      pods: { a: "no", b: "oo" },
      phase: "Progressing",
      reason: "WaitingForPods",
    },
    "let a rollback replace what is broken": {
      ...group,
      pods: { a: "co", b: "NN" },
      state: underWay({ a: {}, b: {} }, { rollback: { pending: [] } }),
      gates: firing,
      deletes: ["a-0"],
      phase: "RollingBack",
    },
  },
});

const shifts = (reading: ShiftReading) => ({ askedAt: at(-3), asked: "[]", answers: [], shifts: reading });
const failed = shifts({ result: "Failed", message: "ARC did not answer" });
const shifted = shifts({ result: "Known", awayFrom: ["use1-az1", "use1-az4"] });
const anywhere = { pods: { a: "oo", b: "oo" } };

testRows({
  "zonal shifts": {
    "of none let the batch go": {
      ...anywhere,
      gates: shifts({ result: "Known", awayFrom: [] }),
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "that are active hold and say from where": {
      ...anywhere,
      gates: shifted,
      phase: "Held",
      reason: "ZonalShiftActive",
      says: "shifted away from use1-az1, use1-az4",
    },
    "that are active hold a rollback as well": {
      pods: { a: "co", b: "NN" },
      state: underWay({ a: {}, b: {} }, { rollback: { pending: [] } }),
      gates: shifted,
      phase: "Held",
      reason: "ZonalShiftActive",
    },
    "that could not be asked hold": {
      ...anywhere,
      gates: failed,
      phase: "Held",
      reason: "ZonalShiftsUnknown",
      says: "ARC did not answer",
    },
    "that could not be asked are passed over by ignoreGates": {
      ...anywhere,
      spec: { ignoreGates: true },
      gates: failed,
      deletes: ["a-0"],
      phase: "Progressing",
    },
    "that could not be asked let a rollback replace what is broken": {
      pods: { a: "co", b: "NN" },
      state: underWay({ a: {}, b: {} }, { rollback: { pending: [] } }),
      gates: failed,
      deletes: ["a-0"],
      phase: "RollingBack",
    },
    "nobody may look up hold nothing": {
      ...anywhere,
      gates: shifts({ result: "Unavailable", reason: "AccessDenied", message: "allow it" }),
      deletes: ["a-0"],
      phase: "Progressing",
    },
  },
});

test("time in which a gate is closed does not count as time without progress", () => {
  const { nextState } = plan({ ...group, gates: firing, phase: "Held" });
  expect(nextState.rollout?.clock.running).toBe(false);
});
