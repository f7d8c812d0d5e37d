import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, realClock } from "../../../local/kubernetes/clock.ts";

/** The time of a stage: that of its cluster and of every hub at work on it. */
export interface Time extends Clock {
  /** How much faster than ours it runs. */
  factor: number;
  /** Ends earlier when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The computer's time, or one that runs `factor` times as fast from now on. */
export function timeAt(factor: number): Time {
  const startedAt = Date.now();
  return {
    factor,
    now: () => Math.floor(startedAt + (Date.now() - startedAt) * factor),
    after: (delayMs, work) => realClock.after(delayMs / factor, work),
    sleep: (ms, signal) => sleep(ms / factor, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
  };
}
