/** The time of one cluster: its API server and its controllers know no other. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `work` once, `delayMs` from now; never before the caller is done. @returns cancels it. */
  after(delayMs: number, work: () => void): () => void;
}

/** A clock that moves only when told to. */
export interface VirtualClock extends Clock {
  /** Runs everything due within the next `ms`, in order of time, and leaves the clock there. */
  advance(ms: number): void;
  /** Runs what is due until `isDone` says so; false when `limitMs` went by or nothing is left to run. */
  runUntil(isDone: () => boolean, limitMs: number): boolean;
}

export const realClock: Clock = {
  now: Date.now,
  after(delayMs, work) {
    if (delayMs <= 0) {
      const immediate = setImmediate(work);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(work, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

interface Timer {
  at: number;
  order: number;
  work: () => void;
}

/** @param startMs what `now()` says at first; default 2026-01-01T00:00:00Z. */
export function createVirtualClock(startMs: number = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = startMs;
  let order = 0;
  const timers = new Set<Timer>();
  const next = (limit: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > limit) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  };
  const step = (limit: number): boolean => {
    const timer = next(limit);
    if (timer === undefined) return false;
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.work();
    return true;
  };
  return {
    now: () => now,
    after(delayMs, work) {
      order += 1;
      const timer: Timer = { at: now + Math.max(0, delayMs), order, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      while (step(end)) continue;
      now = end;
    },
    runUntil(isDone, limitMs) {
      const end = now + limitMs;
      while (!isDone()) {
        if (!step(end)) return false;
      }
      return true;
    },
  };
}
