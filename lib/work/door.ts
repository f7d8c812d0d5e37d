import * as z from "zod";
import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import type { WorkKey } from "./keys.ts";
import { LANE_OF_KIND, type LaneName } from "./lanes.ts";
import { WorkMessage } from "./messages.ts";
import type { DeadLetters, Log, Metrics, Redelivery } from "./ports.ts";
import { redeliverySeconds } from "./schedule.ts";

/** The longest reason put into a message attribute, characters. */
const REASON_LENGTH = 4_000;
/** What everybody who finds a dead letter can do. */
const NEXT_STEP = ". Nothing was done: correct the message (events/ holds a sample of each) and send it again.";

/** A record as the queue delivers it. */
export interface DoorRecord {
  messageId: string;
  body: string;
  receiptHandle?: string;
  attributes?: { ApproximateReceiveCount?: string };
}

/** The answer to a batch: the records that go back to the queue. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

export interface Door<T> {
  schema: z.ZodType<T>;
  deadLetters: DeadLetters;
  metrics: Metrics;
  log: Log;
  /** Works on one message. Whatever it throws sends this one record back to the queue. */
  handle(message: T, record: DoorRecord): Promise<unknown>;
  /** Brings a record that goes back sooner than the queue's visibility timeout would. */
  redelivery?: Redelivery;
}

/** @returns how often a record was delivered, this time included. */
export const receivesOf = (record: DoorRecord): number => Number(record.attributes?.ApproximateReceiveCount ?? 1);

/** A record's message, or every problem with it. */
export function parseBody<T>(body: string, schema: z.ZodType<T>): { message: T } | { reason: string } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return { reason: `body: not JSON (${error instanceof Error ? error.message : String(error)})` };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { message: parsed.data };
  return { reason: problemsInWords(parsed.error, "body").join("; ").slice(0, REASON_LENGTH) };
}

/** @returns the schema of one lane's messages: a kind that belongs elsewhere is a problem like any other. */
export function workMessageOf(lane: LaneName): z.ZodType<WorkMessage> {
  return WorkMessage.refine(({ key }) => LANE_OF_KIND[key.kind] === lane, {
    path: ["key", "kind"],
    error: ({ input }) => {
      const { kind } = (input as { key: WorkKey }).key;
      const home = LANE_OF_KIND[kind];
      return home === undefined ? `${kind} is no kind of work` : `${kind} belongs to lane ${home}, not ${lane}`;
    },
  });
}

/**
 * Lets a batch in: each record is parsed once, here. One that cannot be parsed is put into the dead-letter queue with
 * its reason and acknowledged; only when that fails, or the handler throws, does a record go back, and never because
 * of its neighbours.
 */
export async function admitBatch<T>(records: readonly DoorRecord[], door: Door<T>): Promise<BatchResponse> {
  const failures = await Promise.all(
    records.map(async (record) => ((await admitRecord(record, door)) ? [] : [record.messageId])),
  );
  return { batchItemFailures: failures.flat().map((itemIdentifier) => ({ itemIdentifier })) };
}

async function admitRecord<T>(record: DoorRecord, door: Door<T>): Promise<boolean> {
  const { deadLetters, metrics, log } = door;
  const { messageId } = record;
  const parsed = parseBody(record.body, door.schema);
  try {
    if ("message" in parsed) {
      await door.handle(parsed.message, record);
      return true;
    }
    await deadLetters.put({ body: record.body, reason: `${parsed.reason}${NEXT_STEP}`, messageId });
    metrics.add("MalformedMessages", 1);
    log("error", "Malformed message put into the dead-letter queue", { messageId, reason: parsed.reason });
    return true;
  } catch (error) {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log("error", "Message goes back to the queue", { messageId, cause });
    await postpone(record, door);
    return false;
  }
}

/** Lets a record that goes back come again soon: after 10 s, 20 s, … instead of the queue's visibility timeout. */
export async function postpone(
  record: DoorRecord,
  { redelivery, log }: { redelivery?: Redelivery | undefined; log: Log },
): Promise<void> {
  if (redelivery === undefined || record.receiptHandle === undefined) return;
  try {
    await redelivery.postpone(record.receiptHandle, redeliverySeconds(receivesOf(record)));
  } catch (error) {
    log("warn", "Message comes again only after the visibility timeout", {
      messageId: record.messageId,
      cause: String(error),
    });
  }
}
