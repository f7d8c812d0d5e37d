import { describe, expect, test } from "vitest";
import type { ShiftReading } from "../../lib/rollouts/gates.ts";
import fc from "../drawn.ts";
import { Scenario } from "./scenario.ts";

type State = "OK" | "ALARM" | "INSUFFICIENT_DATA" | undefined;

/** A group with an alarm as gate; the alarm is in whatever state `alarm.state` says. */
function gated(more: Record<string, unknown> = {}) {
  const alarm: { state: State | Error; asked: number[] } = { state: "OK", asked: [] };
  const scenario = new Scenario({
    spec: { gates: [{ alarm: { name: "errors" } }], ...more },
    hub: {
      allow: { alarms: ["errors"] },
      ports: {
        alarmState: async () => {
          alarm.asked.push(scenario.clock.now());
          if (alarm.state instanceof Error) throw alarm.state;
          return alarm.state;
        },
      },
    },
  });
  return { scenario, alarm };
}

async function start(scenario: Scenario): Promise<void> {
  scenario.changeTemplates("new");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
}
const ready = (scenario: Scenario) => scenario.hub.last?.status.conditions[0];

describe("a gate", () => {
  test("that is open costs no time and is asked at most every 10 s", async () => {
    const { scenario, alarm } = gated();
    await start(scenario);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    const gaps = alarm.asked.slice(1).map((time, index) => time - (alarm.asked[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
  });

  const rows: [string, State | Error, string][] = [
    ["an alarm that fires", "ALARM", "AlarmActive"],
    ["an alarm that was deleted", undefined, "AlarmNotFound"],
    ["no data", "INSUFFICIENT_DATA", "GateNoData"],
    ["an alarm that cannot be looked up", new Error("AccessDenied"), "GateFailed"],
  ];
  test.each(rows)("mid-way %s holds before the next batch, until it is open again", async (_what, state, reason) => {
    const { scenario, alarm } = gated({ rollingUpdate: { maxUnavailable: 1, intervalSeconds: 12 } });
    await start(scenario);
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 120_000);
    alarm.state = state;
    await scenario.clock.run(() => false, 300_000);
    expect(scenario.hub.last?.status.phase).toBe("Held");
    expect(ready(scenario)?.reason).toBe(reason);
    expect(scenario.invariants.deletes).toBe(2);
    alarm.state = "OK";
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("firing before the start lets nothing begin", async () => {
    const { scenario, alarm } = gated();
    alarm.state = "ALARM";
    await start(scenario);
    await scenario.clock.run(() => false, 120_000);
    expect(scenario.invariants.deletes).toBe(0);
    expect(ready(scenario)?.message).toContain("alarm errors: it is in ALARM");
  });

  test("is overruled by ignoreGates", async () => {
    const { scenario, alarm } = gated({ ignoreGates: true });
    alarm.state = "ALARM";
    await start(scenario);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });

  test("closing and opening at any time never costs a promise", { timeout: 60_000 }, async () => {
    const Times = fc.record({
      seed: fc.integer({ min: 1, max: 100_000 }),
      maxUnavailable: fc.integer({ min: 1, max: 3 }),
      turns: fc.array(fc.integer({ min: 200, max: 20_000 }), { minLength: 1, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(Times, async ({ seed, maxUnavailable, turns }) => {
        const alarm = { state: "OK" as State, since: 0 };
        const late: string[] = [];
        const scenario = new Scenario({
          seed,
          maxUnavailable,
          spec: { gates: [{ alarm: { name: "errors" } }] },
          hub: {
            allow: { alarms: ["errors"] },
            ports: { alarmState: async () => alarm.state },
            deleting: () => {
              const silent = scenario.clock.now() - alarm.since;
              if (alarm.state === "ALARM" && silent > 11_000) late.push(`deleted ${silent} ms after the alarm`);
            },
          },
        });
        let at = 500;
        for (const turn of [...turns, 1_000]) {
          at += turn;
          scenario.clock.after(at, () => {
            alarm.state = alarm.state === "OK" ? "ALARM" : "OK";
            alarm.since = scenario.clock.now();
          });
        }
        scenario.clock.after(at + 1_000, () => (alarm.state = "OK"));
        await start(scenario);
        const done = await scenario.runUntilCompleted("new");
        const problems = [...scenario.invariants.violations, ...late, ...(done ? [] : ["never ended"])];
        if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${scenario.transcript}`);
      }),
      { numRuns: 60 },
    );
  });
});

/** A group on a cluster of which ARC tells whatever `arc.reading` says. */
function shiftable(more: Record<string, unknown> = {}) {
  const arc: { reading: ShiftReading | Error; asked: number[] } = { reading: none, asked: [] };
  const zonalShifts = async (): Promise<ShiftReading> => {
    arc.asked.push(scenario.clock.now());
    if (arc.reading instanceof Error) throw arc.reading;
    return arc.reading;
  };
  const spec = { rollingUpdate: { maxUnavailable: 1, intervalSeconds: 12 }, ...more };
  const scenario = new Scenario({ spec, hub: { ports: { zonalShifts } } });
  return { scenario, arc };
}
const none: ShiftReading = { result: "Known", awayFrom: [] };
const away: ShiftReading = { result: "Known", awayFrom: ["use1-az1"] };
const unavailable: ShiftReading = { result: "Unavailable", reason: "AccessDenied", message: "allow it." };
const note = (scenario: Scenario) =>
  scenario.hub.last?.status.conditions.find(({ type }) => type === "ZonalShiftsKnown");

describe("a zonal shift", () => {
  const rows: [string, ShiftReading | Error, Record<string, unknown>, string][] = [
    ["begun mid-way", away, {}, "ZonalShiftActive"],
    ["begun mid-way, with gates ignored,", away, { ignoreGates: true }, "ZonalShiftActive"],
    ["nobody can look up for now", new Error("ARC did not answer"), {}, "ZonalShiftsUnknown"],
  ];
  test.each(rows)("%s holds before the next batch, until it is over", async (_what, reading, spec, reason) => {
    const { scenario, arc } = shiftable(spec);
    await start(scenario);
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 120_000);
    arc.reading = reading;
    await scenario.clock.run(() => false, 300_000);
    expect(scenario.invariants.deletes).toBe(2);
    expect(scenario.hub.last?.status.phase).toBe("Held");
    expect(ready(scenario)?.reason).toBe(reason);
    arc.reading = none;
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(note(scenario)).toBeUndefined();
  });

  test("nobody can look up is passed over by ignoreGates", async () => {
    const { scenario, arc } = shiftable({ ignoreGates: true });
    arc.reading = new Error("ARC did not answer");
    await start(scenario);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });

  test("the hub may not look up is noted and holds nothing, until the permission is there", async () => {
    const { scenario, arc } = shiftable();
    arc.reading = unavailable;
    await start(scenario);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(note(scenario)).toMatchObject({ status: "False", reason: "AccessDenied", message: "allow it." });
    expect(ready(scenario)?.reason).toBe("Completed");
    expect(scenario.hub.logged.filter((line) => line === "warn allow it.")).toHaveLength(1);
    await scenario.clock.run(() => false, 60_000);
    expect(note(scenario)).toBeDefined();
    arc.reading = none;
    scenario.changeTemplates("newer");
    expect(await scenario.runUntilCompleted("newer")).toBe(true);
    expect(note(scenario)).toBeUndefined();
  });

  test("is asked for only when pods are about to be deleted, and at most every 10 s", async () => {
    const { scenario, arc } = shiftable({ rollingUpdate: { maxUnavailable: 1, intervalSeconds: 0 } });
    scenario.hub.post();
    await scenario.clock.run(() => false, 300_000);
    expect(arc.asked).toEqual([]);
    scenario.changeTemplates("new");
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    const gaps = arc.asked.slice(1).map((time, index) => time - (arc.asked[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
    const asked = arc.asked.length;
    await scenario.clock.run(() => false, 300_000);
    expect(arc.asked).toHaveLength(asked);
  });
});
