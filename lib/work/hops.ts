/** Quick passes in a row that change nothing; the next one waits for dispatch. Lambda's own limit is about 16. */
export const HOP_LIMIT = 12;

/** A pass and its wait that together last at least this long are no loop feeding itself, milliseconds. */
export const QUICK_MS = 10_000;

/**
 * Counts how often work has fed itself without getting anywhere.
 *
 * @returns the hops the next message carries, and whether the limit is reached: then the row is left in the due index,
 * where dispatch finds it within a minute and starts the count afresh.
 */
export function countHops(pass: { hops: number; progressed: boolean; passMs: number; waitMs: number }): {
  hops: number;
  leaveToDispatch: boolean;
} {
  if (pass.progressed || pass.passMs + pass.waitMs >= QUICK_MS) return { hops: 0, leaveToDispatch: false };
  const hops = pass.hops + 1;
  return { hops, leaveToDispatch: hops >= HOP_LIMIT };
}
