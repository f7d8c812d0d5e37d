import { onTestFinished, vi } from "vitest";

/** Waits of one length that end when a test says so. */
export interface EarlyTimers {
  /** Ends all of them that have begun, as if their time were over. */
  end(): void;
}

/**
 * Lets a test end every wait of exactly `ms` milliseconds at the moment it is about: with a length no machine is slow
 * enough for, a time-out comes neither too early nor late. One length per test, until the test has finished.
 */
export function earlyTimers(ms: number): EarlyTimers {
  const begun: (() => void)[] = [];
  const setTimer = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, "setTimeout");
  spy.mockImplementation(((callback: (...args: unknown[]) => void, delayMs?: number, ...args: unknown[]) => {
    if (delayMs === ms) begun.push(() => callback(...args));
    return setTimer(callback, delayMs, ...args);
  }) as typeof setTimeout);
  onTestFinished(() => spy.mockRestore());
  return {
    end() {
      for (const callback of begun.splice(0)) callback();
    },
  };
}
