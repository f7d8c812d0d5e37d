import { clusterPk, type WorkKey } from "../work/keys.ts";
import type { ActionOutcome, Intent } from "../work/reconciler.ts";

/** How long an audit row is kept, seconds. */
export const AUDIT_KEPT_SECONDS = 90 * 24 * 3600;

/** Key of an audit row. The id begins with the time, so a cluster's rows are in order. */
export const auditKey = (key: WorkKey, auditId: string) => ({ pk: clusterPk(key.cluster), sk: `AUDIT#${auditId}` });

/** The row written before anything destructive: what was intended, by whom. */
export function intendedAudit(
  holding: { key: WorkKey; fence: number },
  intent: Intent,
  auditId: string,
  nowMs: number,
) {
  return {
    ...auditKey(holding.key, auditId),
    resource: holding.key,
    fence: holding.fence,
    at: new Date(nowMs).toISOString(),
    result: "intended",
    intended: intent.actions,
    outcomes: [],
    expiresAt: Math.floor(nowMs / 1000) + AUDIT_KEPT_SECONDS,
  };
}

/** What a finished batch adds to its row. */
export const auditOutcome = (outcomes: readonly ActionOutcome[]) => ({ result: "finished", outcomes: [...outcomes] });
