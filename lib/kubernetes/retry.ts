import type { ConnectionFailure } from "./errors.ts";

/** What went wrong with one try, as the table sees it. */
export type TryFailure =
  | { type: "answer"; status: number; retryAfterSeconds?: number | undefined; causes: readonly { reason?: string }[] }
  | { type: "connection"; failure: ConnectionFailure; responseStarted: boolean };

/** The try that failed and what is left for another one. */
export interface FailedTry {
  failure: TryFailure;
  /** A second try after a lost answer cannot do harm: reads, and deletes bound to one UID. */
  repeatable: boolean;
  /** Tries of this call so far, ≥ 1. */
  tries: number;
  /** The client can ask for a fresh token and has not yet done so in this call. */
  tokenRenewable: boolean;
  /** Milliseconds until the call's timeout. */
  remainingMs: number;
  /** 0 ≤ jitter < 1. */
  jitter: number;
}

export interface RetryDecision {
  /** Milliseconds to wait before the next try. */
  delayMs: number;
  renewToken: boolean;
}

interface RetryRow {
  name: string;
  matches(failed: FailedTry): boolean;
  /** Undefined = give up. */
  answer(failed: FailedTry): RetryDecision | undefined;
}

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;
/** A longer Retry-After is left to the caller, who finds it in `ApiError.retryAfterSeconds`. */
const LONGEST_RETRY_AFTER_SECONDS = 10;
/** As many as client-go (`maxRetries`): a server that keeps saying "soon" is not asked until the timeout. */
const MOST_RETRIES_AS_TOLD = 10;

const giveUp = (): undefined => undefined;
const status = (failed: FailedTry): number => (failed.failure.type === "answer" ? failed.failure.status : 0);
const retryAfter = (failed: FailedTry): number | undefined =>
  failed.failure.type === "answer" ? failed.failure.retryAfterSeconds : undefined;

/** 200 ms doubled with each try up to 5 s, of which between half and all is waited. */
function backOff(failed: FailedTry): RetryDecision {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failed.tries - 1));
  return { delayMs: Math.round(full * (0.5 + failed.jitter / 2)), renewToken: false };
}

/**
 * What is tried again, first matching row wins. A write is repeated only when the server said it did nothing with it
 * (401, 429); nothing that may have been applied is repeated, unless repeating it is harmless (`repeatable`).
 */
const TABLE: readonly RetryRow[] = [
  {
    name: "401: once more with a renewed token",
    matches: (failed) => status(failed) === 401 && failed.tokenRenewable,
    answer: () => ({ delayMs: 0, renewToken: true }),
  },
  {
    name: "429 from a disruption budget: the caller decides",
    matches: ({ failure }) =>
      failure.type === "answer" &&
      failure.status === 429 &&
      failure.causes.some((cause) => cause.reason === "DisruptionBudget"),
    answer: giveUp,
  },
  {
    name: "429 with Retry-After: wait as told, within bounds",
    matches: (failed) => status(failed) === 429 && (retryAfter(failed) ?? 0) > 0,
    answer: (failed) => {
      const seconds = retryAfter(failed) ?? 0;
      if (seconds > LONGEST_RETRY_AFTER_SECONDS || failed.tries > MOST_RETRIES_AS_TOLD) return undefined;
      return { delayMs: Math.round(seconds * 1_000 + failed.jitter * 250), renewToken: false };
    },
  },
  {
    name: "429 without Retry-After, or with 0: back off",
    matches: (failed) => status(failed) === 429,
    answer: (failed) => (failed.tries <= 5 ? backOff(failed) : undefined),
  },
  {
    name: "500, 502, 503, 504: repeatable requests back off, three tries in all",
    matches: (failed) => [500, 502, 503, 504].includes(status(failed)),
    answer: (failed) => (failed.repeatable && failed.tries <= 2 ? backOff(failed) : undefined),
  },
  {
    name: "connection reset before any byte of the answer: repeatable requests once more, at once",
    matches: ({ failure }) => failure.type === "connection" && failure.failure === "reset" && !failure.responseStarted,
    answer: (failed) => (failed.repeatable && failed.tries === 1 ? { delayMs: 0, renewToken: false } : undefined),
  },
  { name: "anything else (409, 410, 403, 422, time-outs, DNS, TLS): never", matches: () => true, answer: giveUp },
];

/** @returns what to do after a failed try; undefined = hand the failure to the caller. Never waits past the call's timeout. */
export function planRetry(failed: FailedTry): RetryDecision | undefined {
  const decision = TABLE.find((row) => row.matches(failed))?.answer(failed);
  return decision !== undefined && decision.delayMs < failed.remainingMs ? decision : undefined;
}
