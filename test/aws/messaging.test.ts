import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEventBus } from "../../lib/aws/bus.ts";
import { clientSettings } from "../../lib/aws/clients.ts";
import {
  createDeadLetters,
  createProbeQueue,
  createRedelivery,
  createWorkQueue,
  groupOf,
} from "../../lib/aws/queue.ts";
import { readSecret } from "../../lib/aws/secrets.ts";
import type { WorkKey } from "../../lib/work/keys.ts";
import { WorkMessage } from "../../lib/work/messages.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, startLocalAws } from "../../local/aws.ts";

const KEY: WorkKey = { cluster: "prod", home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name: "ingester" };
const postingOf = (ticket: number, key = KEY) => ({
  message: { version: 1 as const, key, ticket, dueAt: 0, hops: 0 },
  delaySeconds: 0,
});

let stateDir: string;
let aws: LocalAws;
let sqs: SQSClient;
let settings: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "outrigger-messaging-"));
  aws = await startLocalAws({ stateDir });
  const credentials = { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" };
  settings = { ...clientSettings(), endpoint: aws.endpoint, region: LOCAL_REGION, credentials };
  sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
});

afterAll(async () => {
  await aws?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function createQueue(name: string): Promise<string> {
  const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  return url ?? "";
}

async function receive(url: string) {
  const received = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ["All"],
      MessageSystemAttributeNames: ["MessageGroupId"],
    }),
  );
  return received.Messages ?? [];
}

describe("the work queues", () => {
  it("send each message to the lane of its kind, grouped by cluster", async () => {
    const urls = { reconcile: await createQueue("reconcile-1"), rollout: await createQueue("rollout-1") };
    const queue = createWorkQueue(sqs, urls);
    expect(await queue.send([postingOf(1), postingOf(2, { ...KEY, kind: "Discovery" })])).toEqual([]);
    const [rollout, reconcile] = await Promise.all([receive(urls.rollout), receive(urls.reconcile)]);
    expect(rollout.map(({ Body }) => WorkMessage.parse(JSON.parse(Body ?? "")).ticket)).toEqual([1]);
    expect(reconcile.map(({ Body }) => WorkMessage.parse(JSON.parse(Body ?? "")).ticket)).toEqual([2]);
    expect(rollout[0]?.Attributes?.MessageGroupId).toBe("prod");
  });

  it("send more than ten, and report what belongs to no lane", async () => {
    const urls = { reconcile: await createQueue("reconcile-2"), rollout: await createQueue("rollout-2") };
    const good = Array.from({ length: 22 }, (_, index) => postingOf(index + 1));
    const stray = postingOf(100, { ...KEY, kind: "Pod" });
    const failed = await createWorkQueue(sqs, urls).send([...good, stray]);
    expect(failed.map(({ posting }) => posting.message.ticket)).toEqual([100]);
    const tickets = new Set<number>();
    for (let round = 0; round < 6; round += 1) {
      for (const { Body } of await receive(urls.rollout)) tickets.add(WorkMessage.parse(JSON.parse(Body ?? "")).ticket);
    }
    expect(tickets.size).toBe(22);
  });

  it("report messages for a queue that is gone", async () => {
    const gone = `${aws.endpoint}/${LOCAL_ACCOUNT}/gone`;
    const [failed] = await createWorkQueue(sqs, { reconcile: gone, rollout: gone }).send([postingOf(1)]);
    expect(failed?.cause).toMatch(/does not exist|NonExistentQueue/i);
  });

  it("keep the delay of each probe message", async () => {
    const url = await createQueue("probe-1");
    const message = { version: 1 as const, clusters: ["prod"], dueAt: 0 };
    expect(
      await createProbeQueue(sqs, url).send([
        { message, delaySeconds: 600 },
        { message, delaySeconds: 0 },
      ]),
    ).toEqual([]);
    expect(await receive(url)).toHaveLength(1);
  });

  it("bring a message back when they are asked to", async () => {
    const urls = { reconcile: await createQueue("reconcile-3"), rollout: await createQueue("rollout-3") };
    await createWorkQueue(sqs, urls).send([postingOf(1)]);
    const [first] = await receive(urls.rollout);
    expect(await receive(urls.rollout)).toEqual([]);
    await createRedelivery(sqs, urls.rollout).postpone(first?.ReceiptHandle ?? "", 0);
    expect(await receive(urls.rollout)).toHaveLength(1);
  });

  it("put a letter into the dead-letter queue as it came, with its reason", async () => {
    const url = await createQueue("dead-1");
    await createDeadLetters(sqs, url).put({ body: "{oops", reason: "body: not JSON", messageId: "m-1" });
    const [letter] = await receive(url);
    expect(letter?.Body).toBe("{oops");
    expect(letter?.MessageAttributes?.["reason"]?.StringValue).toBe("body: not JSON");
  });

  it.each([
    ["prod", "prod"],
    ["prod.us-east-1.000000000000", "prod.us-east-1.000000000000"],
    ["é", expect.stringMatching(/^[0-9a-f]{64}$/)],
    ["x".repeat(129), expect.stringMatching(/^[0-9a-f]{64}$/)],
  ])("group %s by an id SQS accepts", (cluster, expected) => {
    expect(groupOf(cluster)).toEqual(expected);
  });
});

describe("the bus", () => {
  it("accepts events in batches", async () => {
    const bus = createEventBus(new EventBridgeClient(settings), "default");
    await bus.put(Array.from({ length: 12 }, (_, index) => ({ detailType: "Rollout Started", detail: { index } })));
  });
});

describe("a secret", () => {
  it("is read by name; a missing one is a failure that does not pass", async () => {
    const client = new SecretsManagerClient(settings);
    await client.send(new CreateSecretCommand({ Name: "prod-kubeconfig", SecretString: "apiVersion: v1" }));
    expect(await readSecret(client, "prod-kubeconfig")).toBe("apiVersion: v1");
    await expect(readSecret(client, "nowhere")).rejects.toMatchObject({
      name: "TerminalError",
      reason: "SecretNotFound",
    });
  });
});

describe("a service that does not answer", () => {
  it("costs the request timeout, not the invocation", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const quick = clientSettings(200);
    const client = new SQSClient({ ...settings, ...quick, maxAttempts: 2, endpoint: `http://127.0.0.1:${port}` });
    const queue = createProbeQueue(client, "http://127.0.0.1/x/y");
    const [failed] = await queue.send([{ message: { version: 1, clusters: ["prod"], dueAt: 0 }, delaySeconds: 0 }]);
    expect(failed?.cause).toMatch(/Timeout/);
    client.destroy();
    silent.close();
  });
});
