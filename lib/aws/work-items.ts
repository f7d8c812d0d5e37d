import * as z from "zod";
import { clusterPk, type ItemKind, itemSk, parseItemKey, type WorkKey } from "../work/keys.ts";
import type { StateRow, WorkRow } from "../work/store.ts";
import { readItem } from "./read-item.ts";
import type { Item } from "./table.ts";

const WorkItem = z.object({
  pk: z.string(),
  sk: z.string(),
  ticket: z.int(),
  ticketDone: z.int(),
  dueAt: z.number(),
  dueShard: z.string(),
  leaseUntil: z.number(),
  fence: z.int(),
  owner: z.string().optional(),
  /** JSON: what a refused write has met is read back as strings and numbers only. */
  orders: z.string().optional(),
  /** Random per write: lets a retry after a lost reply recognise its own success. */
  writtenBy: z.string().optional(),
});

const StateItem = z.object({
  pk: z.string(),
  sk: z.string(),
  identity: z.string(),
  state: z.unknown().optional(),
  status: z.unknown().optional(),
  updatedAt: z.string(),
});

/** Table key of one of a resource's items. */
export const keyOf = (key: WorkKey, item: ItemKind) => ({ pk: clusterPk(key.cluster), sk: itemSk(key, item) });

function resourceOf({ pk, sk }: { pk: string; sk: string }): WorkKey {
  const parsed = parseItemKey(pk, sk);
  if (parsed === undefined) throw new Error(`Item ${pk} / ${sk} names no resource.`);
  return parsed.key;
}

/** @returns the row and the token of whoever wrote it last. */
export function readWork(item: Item): { row: WorkRow; writtenBy: string | undefined } {
  const { pk, sk, writtenBy, orders, ...fields } = readItem(WorkItem, item);
  const ordered = orders === undefined ? {} : { orders: JSON.parse(orders) as unknown };
  return { row: { key: resourceOf({ pk, sk }), ...fields, ...ordered }, writtenBy };
}

export function readState(item: Item): StateRow {
  const { pk, sk, identity, state, status, updatedAt } = readItem(StateItem, item);
  return { key: resourceOf({ pk, sk }), identity, state, status, updatedAt };
}

/** The fields of a WORK item, without its key and without what people order: only they write that. */
export function workFields({ key: _key, orders: _orders, ...fields }: WorkRow): Item {
  return { ...fields };
}
