import type { Clock } from "./ports.ts";
import type { Lease } from "./reconciler.ts";

/** The longest one Kubernetes request may take, milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** What a write must have left beyond its own timeout, milliseconds. */
export const WRITE_MARGIN_MS = 3_000;

/** The time a pass needs before its first write, to find its cluster and read what is there, milliseconds. */
const READING_MS = 12_000;

/** The shortest time a lane that writes into clusters may be given, seconds: less, and no write would ever begin. */
export const LEAST_WRITER_SECONDS = (READING_MS + REQUEST_TIMEOUT_MS + WRITE_MARGIN_MS) / 1000;

/** How long a lease outlives the invocation and its last request, milliseconds. */
export const LEASE_MARGIN_MS = 5_000;

/** The invocation's hard end, as Lambda tells it. */
export interface Deadline {
  /** Milliseconds; negative when it has passed. */
  remainingMs(): number;
}

/** @returns how long a lease taken now must last: until the invocation and any request it began are certainly over. */
export function leaseLengthMs(deadline: Deadline, requestTimeoutMs: number): number {
  return Math.max(0, deadline.remainingMs()) + requestTimeoutMs + LEASE_MARGIN_MS;
}

/**
 * The time a worker owns its resource. Counted from before the take on the monotonic clock (it goes on while the
 * process is stopped) and on the wall clock (it catches a paused machine); the one that has less left is believed.
 */
export function openLease(
  clock: Clock,
  terms: {
    startMonotonicMs: number;
    startMs: number;
    lengthMs: number;
    handoverMs: number;
    requestTimeoutMs: number;
    deadline: Deadline;
  },
): Omit<Lease, "fence"> {
  const elapsedMs = () => Math.max(clock.monotonicMs() - terms.startMonotonicMs, clock.now() - terms.startMs);
  const remainingMs = () => terms.lengthMs - elapsedMs();
  const invocationMs = terms.lengthMs - terms.requestTimeoutMs - LEASE_MARGIN_MS;
  return {
    remainingMs,
    handoverMs: () =>
      Math.min(terms.handoverMs - elapsedMs(), terms.deadline.remainingMs() - terms.requestTimeoutMs - WRITE_MARGIN_MS),
    mayWrite: () =>
      Math.min(remainingMs(), invocationMs - elapsedMs(), terms.deadline.remainingMs()) >=
      terms.requestTimeoutMs + WRITE_MARGIN_MS,
  };
}
