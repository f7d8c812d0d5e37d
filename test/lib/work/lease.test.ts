import { describe, expect, it } from "vitest";
import { LEAST_WRITER_SECONDS, leaseLengthMs, openLease } from "../../../lib/work/lease.ts";
import { createFakeClock } from "../../fakes/clock.ts";

const REQUEST = 10_000;

function open(remainingMs = 120_000) {
  const clock = createFakeClock();
  const startMs = clock.nowMs;
  const deadline = { remainingMs: () => startMs + remainingMs - clock.nowMs };
  const lengthMs = leaseLengthMs(deadline, REQUEST);
  const terms = {
    startMs,
    startMonotonicMs: clock.monotonicMs(),
    lengthMs,
    handoverMs: 90_000,
    requestTimeoutMs: REQUEST,
    deadline,
  };
  return { clock, lengthMs, lease: openLease(clock, terms) };
}

describe("a lease", () => {
  it("outlives the invocation by one request and a margin", () => {
    expect(open().lengthMs).toBe(120_000 + 10_000 + 5_000);
  });

  it.each<[string, number, { mayWrite: boolean; remainingMs: number; handoverMs: number }]>([
    ["at its start", 0, { mayWrite: true, remainingMs: 135_000, handoverMs: 90_000 }],
    ["when it is time to hand over", 90_000, { mayWrite: true, remainingMs: 45_000, handoverMs: 0 }],
    [
      "with a request timeout and 3 s left of the invocation",
      107_000,
      { mayWrite: true, remainingMs: 28_000, handoverMs: -17_000 },
    ],
    ["a moment later", 107_001, { mayWrite: false, remainingMs: 27_999, handoverMs: -17_001 }],
    ["after it has run out", 200_000, { mayWrite: false, remainingMs: -65_000, handoverMs: -110_000 }],
  ])("%s", (_name, elapsedMs, expected) => {
    const { clock, lease } = open();
    clock.nowMs += elapsedMs;
    expect({ mayWrite: lease.mayWrite(), remainingMs: lease.remainingMs(), handoverMs: lease.handoverMs() }).toEqual(
      expected,
    );
  });

  it("hands over early when the invocation has less time", () => {
    expect(open(60_000).lease.handoverMs()).toBe(47_000);
  });

  it("lets a worker with the shortest time allowed read for a while and still write", () => {
    const { clock, lease } = open(LEAST_WRITER_SECONDS * 1000);
    clock.nowMs += 12_000;
    expect([lease.mayWrite(), lease.handoverMs()]).toEqual([true, 0]);
  });

  it.each<[string, (clock: ReturnType<typeof createFakeClock>) => void]>([
    [
      "the wall clock is set back while the process is frozen",
      (clock) => {
        const monotonic = clock.monotonicMs();
        clock.monotonicMs = () => monotonic + 200_000;
        clock.nowMs -= 3_600_000;
      },
    ],
    [
      "the monotonic clock stands still while the machine is paused",
      (clock) => {
        const monotonic = clock.monotonicMs();
        clock.monotonicMs = () => monotonic;
        clock.nowMs += 200_000;
      },
    ],
  ])("believes the clock that has less left: %s", (_name, disturb) => {
    const { clock, lease } = open();
    disturb(clock);
    expect(lease.mayWrite()).toBe(false);
    expect(lease.remainingMs()).toBeLessThan(0);
  });
});
