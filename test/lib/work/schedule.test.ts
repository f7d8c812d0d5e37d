import { describe, expect, it } from "vitest";
import {
  DISPATCH_INTERVAL_MS,
  delaySecondsUntil,
  LOOKAHEAD_MS,
  planPosting,
  RECLAIM_AFTER_MS,
} from "../../../lib/work/schedule.ts";
import fc from "../../drawn.ts";

const NOW = 1_793_000_000_000;

describe("planPosting", () => {
  it.each<[string, number, ReturnType<typeof planPosting>]>([
    [
      "work due now is posted without delay",
      0,
      { post: true, dueAtMs: NOW, delaySeconds: 0, reclaimAtMs: NOW + 90_000 },
    ],
    [
      "work due in the past is due now",
      -60_000,
      { post: true, dueAtMs: NOW, delaySeconds: 0, reclaimAtMs: NOW + 90_000 },
    ],
    ["part of a second is waited out", 1, { post: true, dueAtMs: NOW + 1, delaySeconds: 1, reclaimAtMs: NOW + 90_001 }],
    [
      "an interval of 30 s is posted by its worker",
      30_000,
      { post: true, dueAtMs: NOW + 30_000, delaySeconds: 30, reclaimAtMs: NOW + 120_000 },
    ],
    [
      "what the next dispatch could just miss is posted",
      149_999,
      { post: true, dueAtMs: NOW + 149_999, delaySeconds: 150, reclaimAtMs: NOW + 239_999 },
    ],
    ["what dispatch certainly sees in time is left to it", 150_000, { post: false, dueAtMs: NOW + 150_000 }],
    ["an hour is left to dispatch", 3_600_000, { post: false, dueAtMs: NOW + 3_600_000 }],
  ])("%s", (_name, offsetMs, expected) => {
    expect(planPosting(NOW + offsetMs, NOW)).toEqual(expected);
  });

  it("leaves to dispatch only what it posts in time when its next tick comes as late as Scheduler allows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 600_000 }), fc.integer({ min: 0, max: 119_999 }), (offset, tick) => {
        const plan = planPosting(NOW + offset, NOW);
        // Claimed by the first run that comes within the look ahead of its due time; runs are less than 120 s apart.
        const firstRunMs = NOW + tick + 120_000 * Math.max(0, Math.ceil((offset - LOOKAHEAD_MS - tick) / 120_000));
        return plan.post || firstRunMs <= plan.dueAtMs;
      }),
    );
  });

  it("never delivers early, never delays longer than SQS can, and leaves dispatch a look ahead", () => {
    fc.assert(
      fc.property(fc.integer({ min: -86_400_000, max: 86_400_000 }), (offset) => {
        const plan = planPosting(NOW + offset, NOW);
        if (!plan.post) return plan.dueAtMs > NOW + DISPATCH_INTERVAL_MS && LOOKAHEAD_MS > 2 * DISPATCH_INTERVAL_MS;
        const deliveredAtMs = NOW + plan.delaySeconds * 1000;
        return (
          deliveredAtMs >= plan.dueAtMs &&
          plan.delaySeconds <= 900 &&
          plan.reclaimAtMs === plan.dueAtMs + RECLAIM_AFTER_MS
        );
      }),
    );
  });
});

describe("delaySecondsUntil", () => {
  it.each([
    [-5_000, 0],
    [0, 0],
    [999, 1],
    [1_000, 1],
    [900_000, 900],
    [2_000_000, 900],
  ])("due in %d ms waits %d s", (offsetMs, seconds) => {
    expect(delaySecondsUntil(NOW + offsetMs, NOW)).toBe(seconds);
  });
});
