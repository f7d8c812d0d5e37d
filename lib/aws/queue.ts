import { createHash } from "node:crypto";
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { describeKey } from "../work/keys.ts";
import { LANE_OF_KIND } from "../work/lanes.ts";
import type { DeadLetters, FailedPosting, ProbeQueue, Redelivery, WorkPosting, WorkQueue } from "../work/ports.ts";
import { type FailedEntry, sendInBatches } from "./batches.ts";

/** A batch entry without its id, which is its position. */
type Entry = Omit<SendMessageBatchRequestEntry, "Id">;

/** Group ids are 1..128 of these characters; anything else is hashed. */
const GROUP_ID = /^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/;

/** @returns the fair-queue group of a cluster: a cluster with much to do does not keep the others waiting. */
export function groupOf(cluster: string): string {
  return GROUP_ID.test(cluster) ? cluster : createHash("sha256").update(cluster).digest("hex");
}

async function send<P>(
  client: SQSClient,
  queueUrl: string,
  postings: readonly P[],
  entryOf: (posting: P) => Entry,
): Promise<FailedEntry<P>[]> {
  return await sendInBatches(postings, async (batch) => {
    const entries = batch.map((posting, index) => ({ Id: String(index), ...entryOf(posting) }));
    const { Failed: failed = [] } = await client.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }),
    );
    return failed.map(({ Id, Code, Message, SenderFault }) => ({
      index: Number(Id),
      cause: `${Code}: ${Message ?? ""}`,
      permanent: SenderFault === true,
    }));
  });
}

const failures = <P>(failed: readonly FailedEntry<P>[]): FailedPosting<P>[] =>
  failed.map(({ item, cause }) => ({ posting: item, cause }));

/**
 * The queues of the work lanes: standard queues, because FIFO queues have no delay per message. A function that posts to one
 * lane only names that one.
 */
export function createWorkQueue(client: SQSClient, urls: { reconcile?: string; rollout?: string }): WorkQueue {
  const urlOf = ({ message }: WorkPosting): string | undefined => {
    const lane = LANE_OF_KIND[message.key.kind];
    return lane === "reconcile" || lane === "rollout" ? urls[lane] : undefined;
  };
  return {
    async send(postings) {
      const lost = postings.filter((posting) => urlOf(posting) === undefined);
      const lanes = [urls.reconcile, urls.rollout].filter((url) => url !== undefined);
      const groups = lanes.map(async (url) => {
        const mine = postings.filter((posting) => urlOf(posting) === url);
        return await send(client, url, mine, ({ message, delaySeconds }) => ({
          MessageBody: JSON.stringify(message),
          DelaySeconds: delaySeconds,
          MessageGroupId: groupOf(message.key.cluster),
        }));
      });
      return [
        ...failures((await Promise.all(groups)).flat()),
        ...lost.map((posting) => ({ posting, cause: `${describeKey(posting.message.key)} belongs to no lane` })),
      ];
    },
  };
}

/** The probe lane's queue. A message names clusters of one slot, so it has no group. */
export function createProbeQueue(client: SQSClient, queueUrl: string): ProbeQueue {
  return {
    async send(postings) {
      const entryOf = ({ message, delaySeconds }: (typeof postings)[number]) => ({
        MessageBody: JSON.stringify(message),
        DelaySeconds: delaySeconds,
      });
      return failures(await send(client, queueUrl, postings, entryOf));
    },
  };
}

/** Redelivery of one lane's queue; without it a message comes again after the queue's visibility timeout. */
export function createRedelivery(client: SQSClient, queueUrl: string): Redelivery {
  return {
    async postpone(receiptHandle, afterSeconds) {
      await client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: afterSeconds,
        }),
      );
    },
  };
}

/** The longest reason, bytes. It counts towards the size of the message. */
const MOST_REASON_BYTES = 16_384;

/** What SQS refuses in text: control characters and halves of surrogate pairs (SQS API reference, SendMessage). */
const REFUSED_CHARACTER = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** @returns text as an attribute may hold it: refused characters replaced by U+FFFD, no more bytes than these, never empty. */
export function attributeText(text: string, mostBytes = MOST_REASON_BYTES): string {
  const allowed = text.replace(REFUSED_CHARACTER, "\u{FFFD}");
  if (Buffer.byteLength(allowed) <= mostBytes) return allowed === "" ? "unknown" : allowed;
  const { read } = new TextEncoder().encodeInto(allowed, new Uint8Array(mostBytes - Buffer.byteLength("…")));
  return `${allowed.slice(0, read)}…`;
}

/** The dead-letter queue of one lane, for what cannot be parsed. */
export function createDeadLetters(client: SQSClient, queueUrl: string): DeadLetters {
  return {
    async put({ body, reason, messageId }) {
      await client.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: body === "" ? " " : body,
          MessageAttributes: {
            reason: { DataType: "String", StringValue: attributeText(reason) },
            originalMessageId: { DataType: "String", StringValue: messageId },
          },
        }),
      );
    },
  };
}
