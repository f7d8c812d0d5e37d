import type { GateReason } from "../../../../lib/rollouts/reason.ts";
import type { Scene } from "../scene.ts";
import { ALL, type Situation } from "../situation.ts";

/** Nothing follows the first batch until the interval is another one. */
const rollingUpdate = { maxUnavailable: 1, intervalSeconds: 300 };
const gated = { rollingUpdate, gates: [{ alarm: { name: "errors" } }] };

/** The alarm is in that state from the first pod on; then it is OK again. */
const alarmTurns = (state: Scene["world"]["alarm"], reason: GateReason, cause: RegExp): Omit<Situation, "title"> => ({
  spec: gated,
  arrange: async (scene) => {
    await scene.midWay();
    scene.world.alarm = state;
    await scene.nextBatch();
  },
  told: { phase: "Held", reason, says: [/^alarm errors: /, cause, /until every gate is open; ignoreGates goes on/] },
  deleted: ["a-0"],
  recover: async ({ world }) => {
    world.alarm = "OK";
  },
  inAll: ALL,
});

/** What is asked before each batch and says no, mid-way. */
export const GATE_SITUATIONS: readonly Situation[] = [
  { title: "an alarm that fires", ...alarmTurns("ALARM", "AlarmActive", /it is in ALARM/) },
  {
    title: "an alarm that is deleted",
    ...alarmTurns(undefined, "AlarmNotFound", /there is no such alarm; create it or remove the gate/),
  },
  {
    title: "an alarm without data",
    ...alarmTurns("INSUFFICIENT_DATA", "GateNoData", /it is in INSUFFICIENT_DATA/),
  },
  {
    title: "a zonal shift that begins",
    spec: { rollingUpdate },
    arrange: async (scene) => {
      await scene.midWay();
      scene.world.shiftedFrom = ["use1-az1"];
      await scene.nextBatch();
    },
    told: {
      phase: "Held",
      reason: "ZonalShiftActive",
      says: [/shifted away from use1-az1/, /until the zonal shift has ended/],
    },
    deleted: ["a-0"],
    recover: async ({ world }) => {
      world.shiftedFrom = [];
    },
    inAll: ALL,
  },
];
