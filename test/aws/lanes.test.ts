import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { Context, SQSEvent } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSqsClient } from "../../lib/aws/clients.ts";
import { openTable } from "../../lib/aws/table.ts";
import { createWorkStore } from "../../lib/aws/work-store.ts";
import { systemClock } from "../../lib/work/clock.ts";
import type { WorkKey } from "../../lib/work/keys.ts";
import type { WorkStore } from "../../lib/work/store.ts";
import { type LocalAws, localAwsEnvironment, startLocalAws } from "../../local/aws.ts";
import { createDueTable } from "./due-table.ts";

const TABLE = "lanes";
const KEY: WorkKey = { cluster: "gone", home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name: "ingester" };
const context = {
  getRemainingTimeInMillis: () => 120_000,
  awsRequestId: "request",
  functionName: "rollout",
} as Context;

let stateDir: string;
let aws: LocalAws;
let store: WorkStore;
const urls: Record<string, string> = {};
const before = { ...process.env };

async function createTable(): Promise<void> {
  const client = new DynamoDBClient({});
  await createDueTable(client, TABLE);
  store = createWorkStore(openTable(client, TABLE), systemClock);
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "outrigger-lanes-"));
  aws = await startLocalAws({ stateDir });
  Object.assign(process.env, localAwsEnvironment(aws.endpoint));
  const sqs = createSqsClient();
  for (const name of ["reconcile", "rollout", "probe", "dead"]) {
    urls[name] = (await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl ?? "";
  }
  await createTable();
  Object.assign(process.env, {
    OUTRIGGER_TABLE: TABLE,
    OUTRIGGER_HUB_ID: "Outrigger.us-east-1.000000000000",
    OUTRIGGER_BUS: "default",
    OUTRIGGER_LOCAL: "true",
    OUTRIGGER_LOG_LEVEL: "ERROR",
    OUTRIGGER_RECONCILE_QUEUE_URL: urls["reconcile"],
    OUTRIGGER_ROLLOUT_QUEUE_URL: urls["rollout"],
    OUTRIGGER_PROBE_QUEUE_URL: urls["probe"],
    OUTRIGGER_DEAD_LETTER_QUEUE_URL: urls["dead"],
  });
});

afterAll(async () => {
  process.env = before;
  await aws?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function receive(name: string) {
  const request = { QueueUrl: urls[name], MessageAttributeNames: ["All"], MaxNumberOfMessages: 10 };
  return (await createSqsClient().send(new ReceiveMessageCommand(request))).Messages ?? [];
}

const batchOf = (...bodies: string[]) =>
  ({ Records: bodies.map((body, index) => ({ messageId: `m${index}`, body })) }) as unknown as SQSEvent;

describe("the functions as they are wired", () => {
  it("dispatch posts due work, the rollout lane takes it and forgets what belongs to no cluster", async () => {
    const dispatch = await import("../../functions/dispatch.ts");
    const rollout = await import("../../functions/rollout.ts");
    await store.schedule(KEY, Date.now() - 1_000, { posted: false });
    expect(await dispatch.handler({}, context)).toEqual({ posted: 1, probes: 0 });
    const [message] = await receive("rollout");
    expect(await rollout.handler(batchOf(message?.Body ?? ""), context)).toEqual({ batchItemFailures: [] });
    expect(await store.load(KEY)).toBeUndefined();
  });

  it("a lane puts a malformed message into its dead-letter queue with the reason, and works on its neighbour", async () => {
    const { handler } = await import("../../functions/reconcile.ts");
    const discovery: WorkKey = { ...KEY, kind: "Discovery", namespace: "", name: "gone" };
    const { ticket } = await store.schedule(discovery, Date.now(), { posted: true });
    const good = JSON.stringify({ version: 1, key: discovery, ticket, dueAt: 0, hops: 0 });
    expect(await handler(batchOf('{"version":3}', good), context)).toEqual({ batchItemFailures: [] });
    expect(await store.load(discovery)).toBeUndefined();
    const [letter] = await receive("dead");
    expect(letter?.Body).toBe('{"version":3}');
    expect(letter?.MessageAttributes?.["reason"]?.StringValue).toMatch(/version: .*key: .*ticket: /);
  });

  it("a direct request is answered with object, cause and next step", async () => {
    const { handler } = await import("../../functions/rollout.ts");
    expect(await handler({ action: "reconcile", key: KEY }, context)).toEqual({
      error: {
        object: "MultiAZRollout mimir/ingester in cluster gone",
        cause: "cluster gone is not registered",
        nextStep: expect.stringContaining("outrigger cluster register"),
      },
    });
  });
});
