import { type AuditLog, AuditRow } from "../work/audit.ts";
import { clusterPk, type WorkKey } from "../work/keys.ts";
import type { ActionOutcome, Intent } from "../work/reconciler.ts";
import type { OrderEntry } from "../work/store.ts";
import { readItem } from "./read-item.ts";
import { queryItems, type Table } from "./table.ts";

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

/** The row of what a person ordered: done as soon as it is written. */
export function orderAudit(key: WorkKey, { auditId, action, by }: OrderEntry, nowMs: number) {
  return {
    ...auditKey(key, auditId),
    resource: key,
    at: new Date(nowMs).toISOString(),
    result: "finished",
    by,
    intended: [action],
    outcomes: [{ ...action, result: "done", message: by === undefined ? undefined : `ordered by ${by}` }],
    expiresAt: Math.floor(nowMs / 1000) + AUDIT_KEPT_SECONDS,
  };
}

/** What a finished batch adds to its row. */
export const auditOutcome = (outcomes: readonly ActionOutcome[]) => ({ result: "finished", outcomes: [...outcomes] });

/** Rows looked through for those of one resource. */
const MOST_READ = 2_000;

/** The audit rows in the hub's table. */
export function createAuditLog(table: Table): AuditLog {
  return {
    async listAudit(cluster, { limit, resource }) {
      const query = {
        KeyConditionExpression: "#pk = :pk AND begins_with(#sk, :prefix)",
        ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
        ExpressionAttributeValues: { ":pk": clusterPk(cluster), ":prefix": "AUDIT#" },
        ScanIndexForward: false,
        Limit: resource === undefined ? limit : 500,
      };
      const items = await queryItems(table, query, resource === undefined ? limit : MOST_READ);
      const rows = items.map((item) =>
        readItem(AuditRow, item, { ...item, id: String(item["sk"]).slice("AUDIT#".length) }),
      );
      const wanted = rows.filter(
        ({ resource: { kind, namespace, name } }) =>
          resource === undefined ||
          (kind === resource.kind && namespace === resource.namespace && name === resource.name),
      );
      return wanted.slice(0, limit);
    },
  };
}
