import type { TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { clusterPk } from "../work/keys.ts";
import type { Intent } from "../work/reconciler.ts";
import { inkedRow, isFreedBy, isHeldBy } from "../work/row.ts";
import type { Holding, Inked, InkResult, WorkRow } from "../work/store.ts";
import { LeaseLostError } from "../work/verdict.ts";
import { auditKey, auditOutcome, intendedAudit } from "./audit.ts";
import { type Item, setFields, type Table, transact } from "./table.ts";
import { keyOf } from "./work-items.ts";
import { leaseLost, rowOf } from "./work-writes.ts";

type Parts = NonNullable<TransactWriteCommandInput["TransactItems"]>;

/** How often ink is decided anew because work was scheduled meanwhile. */
const INK_ATTEMPTS = 10;

const HELD = "#fence = :fence AND #owner = :owner";
const holdingNames = { "#fence": "fence", "#owner": "owner", "#leaseUntil": "leaseUntil" };
const holdingValues = ({ fence, owner }: Holding) => ({ ":fence": fence, ":owner": owner });

/** An update part of a transaction. */
function updatePart(table: Table, key: { pk: string; sk: string }, fields: Item, remove: readonly string[] = []) {
  const { expression, names, values } = setFields(fields, remove);
  return {
    TableName: table.name,
    Key: key,
    UpdateExpression: expression,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

/** The part of a transaction that holds while fence and lease are still ours. */
const heldPart = (table: Table, taken: Holding, nowMs: number): Parts[number] => ({
  ConditionCheck: {
    TableName: table.name,
    Key: keyOf(taken.key, "WORK"),
    ConditionExpression: `${HELD} AND #leaseUntil > :now`,
    ExpressionAttributeNames: holdingNames,
    ExpressionAttributeValues: { ...holdingValues(taken), ":now": nowMs },
  },
});

/** Saves an intent: the state to start from and the audit row, while fence, lease and registration are still ours. */
export async function pencil(
  table: Table,
  taken: Holding & { identity: string },
  intent: Intent,
  auditId: string,
  nowMs: number,
): Promise<void> {
  const { key, identity } = taken;
  const { status } = intent;
  const state = { identity, state: intent.state, status, updatedAt: new Date(nowMs).toISOString() };
  const refused = await transact(table, [
    heldPart(table, taken, nowMs),
    {
      ConditionCheck: {
        TableName: table.name,
        Key: { pk: clusterPk(key.cluster), sk: "REGISTRATION" },
        ConditionExpression: "#identity = :identity AND #state <> :deregistered",
        ExpressionAttributeNames: { "#identity": "identity", "#state": "state" },
        ExpressionAttributeValues: { ":identity": identity, ":deregistered": "Deregistered" },
      },
    },
    { Update: updatePart(table, keyOf(key, "STATE"), state, intent.state === undefined ? ["state"] : []) },
    { Put: { TableName: table.name, Item: intendedAudit(taken, intent, auditId, nowMs) } },
  ]);
  if (refused === undefined) return;
  if (refused.part === 1) throw new LeaseLostError(`Cluster ${key.cluster} is no longer registered as ${identity}.`);
  throw leaseLost(taken, "act");
}

/** Saves the status so far. The state beside it may be that of an earlier registration: then pencil or ink replaces both. */
export async function saveStatus(
  table: Table,
  taken: Holding & { identity: string },
  status: unknown,
  nowMs: number,
): Promise<void> {
  const { key, identity } = taken;
  const update = updatePart(table, keyOf(key, "STATE"), { identity, status, updatedAt: new Date(nowMs).toISOString() });
  const condition = "attribute_not_exists(pk) OR #identity = :identity";
  const refused = await transact(table, [
    heldPart(table, taken, nowMs),
    { Update: { ...update, ConditionExpression: condition } },
  ]);
  if (refused?.part === 0) throw leaseLost(taken, "save its status");
}

/** Closes the pass. A refusal because the ticket grew is decided anew; one that shows our own ink is a success. */
export async function ink(
  table: Table,
  taken: Holding & { ticket: number; identity: string },
  result: InkResult,
  nowMs: number,
): Promise<Inked> {
  let ticket = taken.ticket;
  for (let attempt = 1; attempt <= INK_ATTEMPTS; attempt += 1) {
    const held: WorkRow = { ...taken, ticket, ticketDone: 0, dueAt: 0, dueShard: "", leaseUntil: 0 };
    const decided = inkedRow(held, taken.ticket, result, nowMs);
    const { dueAtMs, posted } = decided;
    const refused = await transact(table, inkParts(table, taken, ticket, decided.row, result, nowMs));
    if (refused === undefined) return { ticket: decided.row.ticket, dueAtMs, posted };
    const row = rowOf(refused);
    if (row === undefined) throw leaseLost(taken, "save what it did");
    if (isFreedBy(row, taken)) return { ticket: row.ticket, dueAtMs, posted };
    if (!isHeldBy(row, taken)) throw leaseLost(taken, "save what it did");
    ticket = row.ticket;
  }
  throw leaseLost(taken, `save what it did after ${INK_ATTEMPTS} attempts`);
}

function inkParts(
  table: Table,
  taken: Holding & { identity: string },
  seenTicket: number,
  next: WorkRow,
  result: InkResult,
  nowMs: number,
): Parts {
  const { key, identity } = taken;
  const { ticket, ticketDone, leaseUntil, dueAt, dueShard } = next;
  const work = updatePart(table, keyOf(key, "WORK"), { ticket, ticketDone, leaseUntil, dueAt, dueShard });
  const state = { identity, state: result.state, status: result.status, updatedAt: new Date(nowMs).toISOString() };
  const parts: Parts = [
    {
      Update: {
        ...work,
        ConditionExpression: `${HELD} AND #leaseUntil > :zero AND #ticket = :seenTicket`,
        ExpressionAttributeNames: { ...work.ExpressionAttributeNames, ...holdingNames },
        ExpressionAttributeValues: {
          ...work.ExpressionAttributeValues,
          ...holdingValues(taken),
          ":zero": 0,
          ":seenTicket": seenTicket,
        },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    },
    { Put: { TableName: table.name, Item: { ...keyOf(key, "STATE"), ...state } } },
  ];
  if (result.auditId !== undefined) {
    parts.push({ Update: updatePart(table, auditKey(key, result.auditId), auditOutcome(result.outcomes)) });
  }
  return parts;
}
