import { ApiError, ConnectionError } from "../kubernetes/errors.ts";
import type { Condition } from "../kubernetes/objects.ts";
import type { Reconciliation } from "./reconciler.ts";
import { RetryableError, STALLED_INTERVAL_SECONDS, TerminalError, type Verdict } from "./verdict.ts";

/** How soon a cluster that did not answer, or refused us, is tried again. */
export const UNANSWERED_INTERVAL_SECONDS = 30;

/** A failure that belongs into the status, not back to the queue. */
export interface RecordedFailure {
  /** CamelCase condition reason. */
  reason: string;
  message: string;
  verdict: Verdict;
}

function reasonOfStatus(error: ApiError): string {
  if (error.status === 401) return "AuthFailed";
  if (error.status === 403) return "Forbidden";
  if (error.status === 429 || error.status >= 500) return "ApiServerUnready";
  return error.reason === "" ? "ApiError" : error.reason;
}

/**
 * Sorts what a pass threw. The cluster's own failures (no answer, refusal) and `TerminalError` are recorded and looked
 * at again; anything else goes back to the queue.
 */
export function classifyFailure(error: unknown): RecordedFailure | undefined {
  if (error instanceof RetryableError) return undefined;
  if (error instanceof TerminalError) {
    return {
      reason: error.reason,
      message: error.message,
      verdict: { type: "stalled", seconds: STALLED_INTERVAL_SECONDS },
    };
  }
  const verdict = { type: "requeueAfter" as const, seconds: UNANSWERED_INTERVAL_SECONDS };
  if (error instanceof ConnectionError) {
    return { reason: error.failure === "credentials" ? "AuthFailed" : "Unreachable", message: error.message, verdict };
  }
  if (error instanceof ApiError) return { reason: reasonOfStatus(error), message: error.message, verdict };
  return undefined;
}

/** The status a pass leaves behind, as far as the worker looks at it. */
export type Status = Reconciliation["status"];

function parseStatus(value: unknown): Status {
  if (typeof value !== "object" || value === null) return { phase: "Unknown", conditions: [] };
  const { phase, conditions } = value as { phase?: unknown; conditions?: unknown };
  return {
    ...value,
    phase: typeof phase === "string" ? phase : "Unknown",
    conditions: Array.isArray(conditions) ? (conditions as Condition[]) : [],
  };
}

/** Replaces the condition of that type; `lastTransitionTime` stays while its status does. */
function withCondition(
  conditions: readonly Condition[],
  next: Omit<Condition, "lastTransitionTime">,
  at: string,
): Condition[] {
  const before = conditions.find((condition) => condition.type === next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : at;
  return [...conditions.filter((condition) => condition.type !== next.type), { ...next, lastTransitionTime }];
}

/**
 * The status after a failure: what was known stays, `Ready` turns False with the reason, and a failure that will not
 * pass by itself is `Stalled` too.
 *
 * @param previous the status last inked, if any.
 * @param at ISO-8601 UTC.
 */
export function failedStatus(previous: unknown, failure: RecordedFailure, at: string): Status {
  const status = parseStatus(previous);
  const { reason, message } = failure;
  const ready = withCondition(status.conditions, { type: "Ready", status: "False", reason, message }, at);
  if (failure.verdict.type !== "stalled") return { ...status, conditions: ready };
  const conditions = withCondition(ready, { type: "Stalled", status: "True", reason, message }, at);
  return { ...status, phase: "Stalled", conditions };
}
