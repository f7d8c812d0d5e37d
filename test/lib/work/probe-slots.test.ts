import { describe, expect, it } from "vitest";
import { planProbes } from "../../../lib/work/probe-slots.ts";
import fc from "../../drawn.ts";

const MINUTE = Date.parse("2026-11-01T00:01:00Z");
const fleet = (size: number, monitorIntervalSeconds: number) =>
  Array.from({ length: size }, (_, index) => ({ name: `cluster-${index}`, monitorIntervalSeconds }));

/** When each cluster is probed, epoch seconds. */
function timesOf(plans: ReturnType<typeof planProbes>): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const { message } of plans) {
    for (const cluster of message.clusters) times.set(cluster, [...(times.get(cluster) ?? []), message.dueAt / 1000]);
  }
  return times;
}

describe("planProbes", () => {
  it.each([
    [10, 6],
    [15, 4],
    [30, 2],
    [60, 1],
  ])("at an interval of %d s names each cluster %d times a minute", (interval, times) => {
    const probes = [...timesOf(planProbes(fleet(50, interval), MINUTE - 60_000)).values()];
    expect(probes).toHaveLength(50);
    expect(probes.every((due) => due.length === times)).toBe(true);
  });

  it("names ten clusters at most in one message", () => {
    const plans = planProbes(fleet(1_000, 10), MINUTE);
    expect(Math.max(...plans.map(({ message }) => message.clusters.length))).toBe(10);
  });

  it("plans the next whole minute, whenever in this one it runs", () => {
    const early = planProbes(fleet(20, 30), MINUTE);
    const late = planProbes(fleet(20, 30), MINUTE + 59_999);
    expect(late.map(({ message }) => message)).toEqual(early.map(({ message }) => message));
    expect(Math.min(...early.map(({ delaySeconds }) => delaySeconds))).toBeGreaterThanOrEqual(60);
    expect(Math.max(...late.map(({ delaySeconds }) => delaySeconds))).toBeLessThanOrEqual(60);
  });

  it("keeps every interval exactly over consecutive minutes", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 10, max: 3_600 }), (name, monitorIntervalSeconds) => {
        const minutes = Math.ceil((2 * monitorIntervalSeconds) / 60) + 1;
        const plans = Array.from({ length: minutes }, (_, minute) =>
          planProbes([{ name, monitorIntervalSeconds }], MINUTE + minute * 60_000),
        );
        const times = timesOf(plans.flat()).get(name) ?? [];
        expect(times.length).toBeGreaterThanOrEqual(2);
        times.slice(1).forEach((time, index) => expect(time - (times[index] ?? 0)).toBe(monitorIntervalSeconds));
      }),
      { numRuns: 50 },
    );
  });

  it("neither skips a minute nor sends one twice, however late the ticks come", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 4, maxLength: 4 }), (lateness) => {
        const plans = lateness.flatMap((late, minute) => {
          const tickMs = MINUTE + minute * 60_000 + 43_000;
          return planProbes(fleet(1, 30), tickMs, tickMs + late);
        });
        const times = timesOf(plans).get("cluster-0") ?? [];
        expect(times).toHaveLength(8);
        times.slice(1).forEach((time, index) => expect(time - (times[index] ?? 0)).toBe(30));
      }),
    );
  });

  it("spreads the load over the slots", () => {
    const perSecond = new Map<number, number>();
    for (const { message } of planProbes(fleet(3_000, 30), MINUTE)) {
      perSecond.set(message.dueAt, (perSecond.get(message.dueAt) ?? 0) + message.clusters.length);
    }
    expect(perSecond.size).toBe(60);
    expect(Math.max(...perSecond.values())).toBeLessThan(160);
  });

  it("plans nothing for an empty fleet", () => {
    expect(planProbes([], MINUTE)).toEqual([]);
  });
});
