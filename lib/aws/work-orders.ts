import { describeKey, type WorkKey } from "../work/keys.ts";
import type { OrderEntry, WorkRow } from "../work/store.ts";
import { orderAudit } from "./audit.ts";
import { type Table, transact } from "./table.ts";
import { keyOf } from "./work-items.ts";

/** How often an order is decided anew because other people ordered something meanwhile. */
const ORDER_ATTEMPTS = 10;

/**
 * Reads what people have ordered, decides, and writes if it still is what was read; nothing else of the row is touched or
 * looked at. A refusal that shows what was to be written is a success whose reply was lost.
 */
export async function order(
  table: Table,
  key: WorkKey,
  change: (orders: unknown) => unknown,
  { entry, nowMs, load }: { entry: OrderEntry; nowMs: number; load: (key: WorkKey) => Promise<WorkRow | undefined> },
): Promise<boolean> {
  for (let attempt = 1; attempt <= ORDER_ATTEMPTS; attempt += 1) {
    const row = await load(key);
    if (row === undefined) return false;
    const wanted = JSON.stringify(change(row.orders));
    const seen = row.orders === undefined ? undefined : JSON.stringify(row.orders);
    const same = seen === undefined ? "attribute_not_exists(#orders)" : "#orders = :seen";
    const refused = await transact(table, [
      {
        Update: {
          TableName: table.name,
          Key: keyOf(key, "WORK"),
          UpdateExpression: "SET #orders = :orders",
          ConditionExpression: `attribute_exists(pk) AND ${same}`,
          ExpressionAttributeNames: { "#orders": "orders" },
          ExpressionAttributeValues: { ":orders": wanted, ...(seen === undefined ? {} : { ":seen": seen }) },
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        },
      },
      { Put: { TableName: table.name, Item: orderAudit(key, entry, nowMs) } },
    ]);
    if (refused === undefined || refused.seen?.["orders"] === wanted) return true;
  }
  throw new Error(`${describeKey(key)}: its orders changed ${ORDER_ATTEMPTS} times meanwhile. Try again.`);
}
