/**
 * How often dispatch is meant to run: the least rate of EventBridge Scheduler. Scheduler promises a tick within 60 s of its
 * time, no better, so two runs may be almost twice as far apart.
 */
export const DISPATCH_INTERVAL_MS = 60_000;

/**
 * How far ahead dispatch claims, and what whoever schedules posts itself. Work due later than this meets a run before it
 * is due: the next one, were that as late as can be, or the one after next while ticks come in time.
 */
export const LOOKAHEAD_MS = 150_000;

/** A posted message that was not taken this long after its delivery time is sent again. */
export const RECLAIM_AFTER_MS = 90_000;

/** A worker that died is replaced this long after its lease ended. */
export const LEASE_GRACE_MS = 5_000;

/** The longest delay of one SQS message, seconds. */
export const MAX_DELAY_SECONDS = 900;

/** The longest wait before a message that went back to its queue is delivered again, seconds. */
const LONGEST_REDELIVERY_SECONDS = 120;

/** @returns how soon a message that went back to its queue comes again, doubling with each receive: 10, 20, 40, … 120 s. */
export function redeliverySeconds(receives: number): number {
  return Math.min(LONGEST_REDELIVERY_SECONDS, 10 * 2 ** Math.max(0, receives - 1));
}

/** Whether work is posted by whoever scheduled it, or left for dispatch to find. */
export type PostingPlan =
  | { post: true; dueAtMs: number; delaySeconds: number; reclaimAtMs: number }
  | { post: false; dueAtMs: number };

/**
 * @returns a time as rows and messages keep it: whole milliseconds, never earlier than asked. Seconds that planners
 * count have fractions, and a message with one would be refused at the door.
 * @throws RangeError for what is no time at all.
 */
export function wholeMs(ms: number): number {
  const whole = Math.ceil(ms);
  if (Number.isSafeInteger(whole)) return whole;
  throw new RangeError(`${ms} is no time in milliseconds: a row with it would never be due.`);
}

/** @returns the whole seconds a message must wait so that it arrives no earlier than `dueAtMs`, 0..900. */
export function delaySecondsUntil(dueAtMs: number, nowMs: number): number {
  return Math.min(MAX_DELAY_SECONDS, Math.max(0, Math.ceil((dueAtMs - nowMs) / 1000)));
}

/** @returns when a message due at `dueAtMs` and sent at `nowMs` counts as lost, epoch milliseconds. */
export function reclaimAt(dueAtMs: number, nowMs: number): number {
  return wholeMs(Math.max(dueAtMs, nowMs)) + RECLAIM_AFTER_MS;
}

/**
 * Decides who posts the message: due before dispatch has certainly looked again → the caller, else dispatch.
 * A due time in the past counts as now.
 */
export function planPosting(dueAtMs: number, nowMs: number): PostingPlan {
  const due = wholeMs(Math.max(dueAtMs, nowMs));
  if (due >= nowMs + LOOKAHEAD_MS) return { post: false, dueAtMs: due };
  return { post: true, dueAtMs: due, delaySeconds: delaySecondsUntil(due, nowMs), reclaimAtMs: reclaimAt(due, nowMs) };
}
