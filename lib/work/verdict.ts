/** What becomes of a resource after one pass. Nothing is ever unscheduled. */
export type Verdict =
  /** All is as wanted; looked at again after `seconds` (the resource's own interval). */
  | { type: "settled"; seconds: number }
  /** Work goes on; come back after `seconds` (0 = at once, through the queue). */
  | { type: "requeueAfter"; seconds: number }
  /** Recorded once and acted on no more, but still observed every 5 minutes. */
  | { type: "stalled"; seconds: number };

export const STALLED_INTERVAL_SECONDS = 300;

/** The longest wait between two passes, seconds. */
const LONGEST_WAIT_SECONDS = 86_400;

/**
 * @returns how long a verdict waits, whole milliseconds from 0 to a day. What is no number of seconds waits as stalled
 * work does: a planner's mistake must not unschedule anything.
 */
export function waitMsOf({ seconds }: Verdict): number {
  const wait = Number.isFinite(seconds) ? seconds : STALLED_INTERVAL_SECONDS;
  return Math.ceil(Math.min(LONGEST_WAIT_SECONDS, Math.max(0, wait)) * 1000);
}

/** A failure that may pass: the message goes back to the queue. */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
}

/** A failure that will not pass by itself: recorded in the status, observed every 5 minutes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  /** CamelCase condition reason. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The fence has grown or the lease has run out: another worker owns the resource now. Nothing more may be done. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
}
