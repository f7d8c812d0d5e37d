import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import {
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from "@aws-sdk/lib-dynamodb";

/** Name of the sparse index over due work: partition `dueShard`, sort key `dueAt`, keys only. */
export const DUE_INDEX = "due";

/** How often a write that met a transaction on the same item is tried. */
const CONFLICT_ATTEMPTS = 5;

/** An item as lib-dynamodb reads it; parsed with Zod before anything looks inside. */
export type Item = Record<string, unknown>;

/** The one table. */
export interface Table {
  client: DynamoDBDocumentClient;
  name: string;
}

/** @returns the table, with `undefined` fields left out of what is written. */
export function openTable(client: DynamoDBClient, name: string): Table {
  const translate = { marshallOptions: { removeUndefinedValues: true } };
  return { client: DynamoDBDocumentClient.from(client, translate), name };
}

/** Reads one item, consistently. */
export async function getItem({ client, name }: Table, pk: string, sk: string): Promise<Item | undefined> {
  const { Item: item } = await client.send(new GetCommand({ TableName: name, Key: { pk, sk }, ConsistentRead: true }));
  return item;
}

/** Reads the items of a query, page after page, until there are `most`. */
export async function queryItems(
  { client, name }: Table,
  query: Omit<QueryCommandInput, "TableName">,
  most = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({ TableName: name, ...query, ...(start === undefined ? {} : { ExclusiveStartKey: start }) }),
    );
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start !== undefined && items.length < most);
  return items.slice(0, most);
}

/** The parts of an update: `SET` of these fields, `REMOVE` of those, if the condition holds. Names are all quoted. */
export function setFields(fields: Item, remove: readonly string[] = []) {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  const sets = entries.map(([field]) => `#${field} = :${field}`).join(", ");
  const removes = remove.map((field) => `#${field}`).join(", ");
  return {
    expression: `SET ${sets}${removes === "" ? "" : ` REMOVE ${removes}`}`,
    names: Object.fromEntries([...entries.map(([field]) => field), ...remove].map((field) => [`#${field}`, field])),
    values: Object.fromEntries(entries.map(([field, value]) => [`:${field}`, value])),
  };
}

/** A flat item as it comes inside an exception: lib-dynamodb leaves those in wire form. */
function flatItem(raw: Record<string, AttributeValue> | undefined): Item | undefined {
  if (raw === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(raw).map(([field, value]) => [field, value.N === undefined ? value.S : Number(value.N)]),
  );
}

/** The condition of a write did not hold. */
export interface Refused {
  /** The item as it was (strings and numbers only), or undefined when there was none or it was not asked for. */
  seen: Item | undefined;
  /** Which part of a transaction refused; 0 for a single write. */
  part: number;
}

/** @returns what a conditional write met, or undefined when the error is something else. */
function refusal(error: unknown): Refused | undefined {
  if (error instanceof ConditionalCheckFailedException) return { seen: flatItem(error.Item), part: 0 };
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const reasons = error.CancellationReasons ?? [];
  const part = reasons.findIndex(({ Code }) => Code === "ConditionalCheckFailed");
  return part < 0 ? undefined : { seen: flatItem(reasons[part]?.Item), part };
}

/** A transaction in progress holds the item: a single write is told otherwise than another transaction. */
const isConflict = (error: unknown): boolean =>
  error instanceof TransactionConflictException ||
  (error instanceof TransactionCanceledException &&
    (error.CancellationReasons ?? []).some(({ Code }) => Code === "TransactionConflict"));

/**
 * Makes a conditional write, and again after a moment when a transaction held the item: to the SDK a conflict is an answer
 * like any other. Each write recognises its own success after a lost reply, see its condition.
 *
 * @returns the item as the write left it, if it asked for that, or the refusal when the condition did not hold.
 */
export async function writeItem(
  write: () => Promise<{ Attributes?: Item | undefined }>,
): Promise<{ written: Item } | Refused> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return { written: (await write()).Attributes ?? {} };
    } catch (error) {
      const refused = refusal(error);
      if (refused !== undefined) return refused;
      if (!isConflict(error) || attempt >= CONFLICT_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * 2 ** attempt * (0.5 + Math.random())));
    }
  }
}

/**
 * Writes up to 100 items at once. The SDK gives each call a ClientRequestToken, so its own retries are recognised.
 *
 * @returns the refusal when a condition did not hold.
 */
export async function transact(
  { client }: Table,
  items: NonNullable<TransactWriteCommandInput["TransactItems"]>,
): Promise<Refused | undefined> {
  const result = await writeItem(async () => {
    await client.send(new TransactWriteCommand({ TransactItems: items }));
    return {};
  });
  return "written" in result ? undefined : result;
}
