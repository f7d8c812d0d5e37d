import { randomUUID } from "node:crypto";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { describeKey, placedKey, type WorkKey } from "../work/keys.ts";
import { isFreedBy, scheduledRow, takenRow } from "../work/row.ts";
import { LEASE_GRACE_MS, RECLAIM_AFTER_MS, wholeMs } from "../work/schedule.ts";
import { postedShard, shardOf, waitingShard } from "../work/shard.ts";
import type { ForgetAsRead, Holding, NotTaken, WorkRow } from "../work/store.ts";
import { LeaseLostError } from "../work/verdict.ts";
import { type Item, type Refused, setFields, type Table, transact, writeItem } from "./table.ts";
import { keyOf, readWork, workFields } from "./work-items.ts";

/** How often a write is decided anew because the row changed between reading and writing. */
const SWAP_ATTEMPTS = 10;

/** One conditional update of a WORK item; a refusal carries the row as it was. */
async function updateWork(
  table: Table,
  key: WorkKey,
  update: { expression: string; condition: string; names: Record<string, string>; values: Item },
): Promise<{ written: Item } | Refused> {
  return await writeItem(() =>
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: keyOf(key, "WORK"),
        UpdateExpression: update.expression,
        ConditionExpression: update.condition,
        ExpressionAttributeNames: update.names,
        ExpressionAttributeValues: update.values,
        ReturnValues: "ALL_NEW",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    ),
  );
}

/** Reads, decides with `scheduledRow`, and writes if the row still is what was read. */
export async function schedule(
  table: Table,
  key: WorkKey,
  due: { atMs: number; posted: boolean },
  read: (key: WorkKey) => Promise<WorkRow | undefined>,
): Promise<{ ticket: number }> {
  const writtenBy = randomUUID();
  for (let attempt = 1; attempt <= SWAP_ATTEMPTS; attempt += 1) {
    const row = await read(key);
    const next = scheduledRow(row, key, due.atMs, due.posted);
    const set = setFields({ ...workFields(next), writtenBy });
    const update = {
      expression: set.expression,
      condition: "attribute_not_exists(pk)",
      names: set.names,
      values: set.values,
    };
    if (row !== undefined) {
      update.condition =
        "#ticket = :seenTicket AND #ticketDone = :seenDone AND #dueAt = :seenDueAt AND #leaseUntil = :seenLease AND #fence = :seenFence";
      const { ticket, ticketDone, dueAt, leaseUntil, fence } = row;
      Object.assign(update.values, {
        ":seenTicket": ticket,
        ":seenDone": ticketDone,
        ":seenDueAt": dueAt,
        ":seenLease": leaseUntil,
        ":seenFence": fence,
      });
    }
    const result = await updateWork(table, key, update);
    if ("written" in result) return { ticket: next.ticket };
    if (result.seen?.["writtenBy"] === writtenBy) return { ticket: readWork(result.seen).row.ticket };
  }
  throw new Error(
    `${describeKey(key)} could not be scheduled: its row changed ${SWAP_ATTEMPTS} times meanwhile. Try again.`,
  );
}

/** Claims a row for posting, if it is still due when the index said. */
export async function claim(
  table: Table,
  key: WorkKey,
  seenDueAt: number,
  reclaimAtMs: number,
): Promise<{ ticket: number } | undefined> {
  const writtenBy = randomUUID();
  const set = setFields({ dueAt: wholeMs(reclaimAtMs), dueShard: postedShard(shardOf(key)), writtenBy });
  const result = await updateWork(table, key, {
    ...set,
    condition: "#dueAt = :seenDueAt",
    values: { ...set.values, ":seenDueAt": seenDueAt },
  });
  if ("written" in result) return { ticket: readWork(result.written).row.ticket };
  return result.seen?.["writtenBy"] === writtenBy ? { ticket: readWork(result.seen).row.ticket } : undefined;
}

/** Takes the lease in one write; the owner token tells a retry that the first reply was lost, not the race. */
export async function takeRow(
  table: Table,
  key: WorkKey,
  ticket: number,
  lease: { owner: string; nowMs: number; leaseUntilMs: number },
): Promise<WorkRow | NotTaken> {
  const leaseUntil = wholeMs(lease.leaseUntilMs);
  const set = setFields(
    {
      owner: lease.owner,
      leaseUntil,
      dueAt: leaseUntil + LEASE_GRACE_MS,
      dueShard: postedShard(shardOf(key)),
    },
    ["writtenBy"],
  );
  const result = await updateWork(table, key, {
    expression: set.expression.replace("SET ", "SET #fence = #fence + :one, "),
    condition: "#ticketDone < :ticket AND #leaseUntil < :now",
    names: { ...set.names, "#fence": "fence", "#ticketDone": "ticketDone" },
    values: { ...set.values, ":one": 1, ":ticket": ticket, ":now": lease.nowMs },
  });
  if ("written" in result) return readWork(result.written).row;
  if (result.seen === undefined) return "unknown";
  const { row } = readWork(result.seen);
  if (row.owner === lease.owner) return row;
  const verdict = takenRow(row, ticket, lease);
  return typeof verdict === "string" ? verdict : "leaseLive";
}

/** Frees the lease without finishing the ticket. */
export async function release(table: Table, holding: Holding, dueAtMs: number, posted: boolean): Promise<void> {
  const { key, fence, owner } = holding;
  const shard = shardOf(key);
  const place = posted
    ? { dueAt: wholeMs(dueAtMs) + RECLAIM_AFTER_MS, dueShard: postedShard(shard) }
    : { dueAt: wholeMs(dueAtMs), dueShard: waitingShard(shard) };
  const set = setFields({ leaseUntil: 0, ...place });
  const result = await updateWork(table, key, {
    ...set,
    condition: "#fence = :fence AND #owner = :owner AND #leaseUntil > :zero",
    names: { ...set.names, "#fence": "fence", "#owner": "owner" },
    values: { ...set.values, ":fence": fence, ":owner": owner, ":zero": 0 },
  });
  if ("written" in result || isFreedBy(rowOf(result), holding)) return;
  throw leaseLost(holding, "free its lease");
}

/** Removes a resource's items. */
export async function forget(
  table: Table,
  key: WorkKey,
  fence: number,
  { ticket, spec }: ForgetAsRead = {},
): Promise<void> {
  const same = ticket === undefined ? "#fence = :fence" : "#fence = :fence AND #ticket = :ticket";
  const refused = await transact(table, [
    {
      Delete: {
        TableName: table.name,
        Key: keyOf(key, "WORK"),
        ConditionExpression: `attribute_not_exists(pk) OR (${same})`,
        ExpressionAttributeNames: { "#fence": "fence", ...(ticket === undefined ? {} : { "#ticket": "ticket" }) },
        ExpressionAttributeValues: { ":fence": fence, ...(ticket === undefined ? {} : { ":ticket": ticket }) },
      },
    },
    { Delete: { TableName: table.name, Key: keyOf(key, "STATE") } },
    ...(spec === undefined ? [] : specParts(table, key, spec)),
  ]);
  if (refused !== undefined) throw leaseLost({ key, fence }, "forget it");
}

function specParts(table: Table, key: WorkKey, writtenBy: string) {
  const spec = {
    TableName: table.name,
    Key: keyOf(key, "SPEC"),
    ConditionExpression: "attribute_not_exists(pk) OR #writtenBy = :spec",
    ExpressionAttributeNames: { "#writtenBy": "writtenBy" },
    ExpressionAttributeValues: { ":spec": writtenBy },
  };
  return [{ Delete: spec }, { Delete: { TableName: table.name, Key: placedKey(key) } }];
}

/** @returns the row a refusal met. */
export const rowOf = (refused: Refused): WorkRow | undefined =>
  refused.seen === undefined ? undefined : readWork(refused.seen).row;

export function leaseLost({ key, fence }: { key: WorkKey; fence: number }, wanted: string): LeaseLostError {
  return new LeaseLostError(
    `${describeKey(key)} changed hands: fence ${fence} is not the newest, so this worker may not ${wanted}.`,
  );
}
