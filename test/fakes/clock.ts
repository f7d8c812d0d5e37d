import type { Clock } from "../../lib/work/ports.ts";

/** A clock that only moves when told to; sleeping moves it. */
export interface FakeClock extends Clock {
  nowMs: number;
}

export function createFakeClock(start = "2026-11-01T00:00:00Z"): FakeClock {
  const startMs = Date.parse(start);
  const clock: FakeClock = {
    nowMs: startMs,
    now: () => clock.nowMs,
    monotonicMs: () => clock.nowMs - startMs,
    sleep: async (ms, signal) => {
      if (signal?.aborted !== true) clock.nowMs += ms;
    },
  };
  return clock;
}
