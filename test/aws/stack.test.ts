import { setTimeout as delay } from "node:timers/promises";
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { DescribeEventBusCommand, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetFunctionConfigurationCommand, InvokeCommand, ListEventSourceMappingsCommand } from "@aws-sdk/client-lambda";
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRunning, type LocalProcess } from "../../local/aws/process.ts";
import { deployLocal, startLocalMetrics } from "../../local/aws.ts";
import { type Deployment, deployHub, eventually, heartbeats } from "./deployment.ts";

const MINUTE = 60_000;
let hub: Deployment;
let metrics: LocalProcess;
let deploySeconds: number;

beforeAll(async () => {
  const start = Date.now();
  hub = await deployHub();
  deploySeconds = (Date.now() - start) / 1000;
  metrics = startLocalMetrics({ endpoint: hub.aws.endpoint, stateDir: hub.stateDir, everyMs: 1_000 });
});
afterAll(async () => {
  await metrics?.stop();
  await hub?.close();
  for (const started of [metrics, hub?.aws]) if (started !== undefined) expect(isRunning(started.pid)).toBe(false);
});

const output = (name: string): string => hub.outputs[name] ?? "";

describe("deployed by the real CDK, the stack has", () => {
  test("been there soon", () => {
    console.log(`Local AWS started, bootstrapped and deployed in ${deploySeconds.toFixed(1)} s`);
    expect(Object.keys(hub.outputs)).toHaveLength(22);
  });

  // Expiry and point-in-time recovery are in the template; MiniStack leaves them out of a table made by CloudFormation.
  test("a table with its index, paid by use", async () => {
    const TableName = output("TableName");
    const { Table } = await hub.clients.dynamo.send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(["due"]);
    expect(Table?.GlobalSecondaryIndexes?.[0]?.Projection?.ProjectionType).toBe("KEYS_ONLY");
    expect(Table?.BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST");
  });

  test.each([
    ["Registration", "360"],
    ["Probe", "360"],
    ["Reconcile", "720"],
    ["Rollout", "720"],
  ])("a %s queue, invisible for %s s, with dead letters", async (name, visibility) => {
    const attributes = async (QueueUrl: string) =>
      (await hub.clients.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes ??
      {};
    const queue = await attributes(output(`${name}QueueUrl`));
    const deadLetters = await attributes(output(`${name}DeadLetterQueueUrl`));
    expect(queue["VisibilityTimeout"]).toBe(visibility);
    expect(JSON.parse(queue["RedrivePolicy"] ?? "{}")).toMatchObject({ deadLetterTargetArn: deadLetters["QueueArn"] });
  });

  test.each(["Register", "Dispatch", "Probe", "Reconcile", "Rollout", "Api"])(
    "function %s, for Node 24 on arm64",
    async (name) => {
      const FunctionName = output(`${name}Function`);
      const found = await hub.clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      expect(found).toMatchObject({ Runtime: "nodejs24.x", Architectures: ["arm64"], Handler: "index.handler" });
    },
  );

  test.each(["Register", "Probe", "Reconcile", "Rollout"])("a mapping that feeds %s", async (name) => {
    const FunctionName = output(`${name}Function`);
    const { EventSourceMappings: [mapping] = [] } = await hub.clients.lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName }),
    );
    expect(mapping).toMatchObject({ State: "Enabled", FunctionResponseTypes: ["ReportBatchItemFailures"] });
    expect(mapping?.ScalingConfig?.MaximumConcurrency).toBeGreaterThanOrEqual(10);
  });

  test("a bus", async () => {
    await expect(
      hub.clients.events.send(new DescribeEventBusCommand({ Name: output("BusName") })),
    ).resolves.toMatchObject({
      Name: "Outrigger-cluster-events",
    });
  });
});

describe("messages", () => {
  const receive = async (QueueUrl: string) => {
    const { Messages: [message] = [] } = await hub.clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"], WaitTimeSeconds: 1 }),
    );
    return message;
  };

  test("a cluster event that cannot be understood is put into the dead-letter queue with its reason", async () => {
    const Detail = JSON.stringify({ labels: { env: "test" } });
    const event = { EventBusName: output("BusName"), Source: "test", DetailType: "Cluster Registered", Detail };
    const { FailedEntryCount } = await hub.clients.events.send(new PutEventsCommand({ Entries: [event] }));
    expect(FailedEntryCount).toBe(0);
    const QueueUrl = output("RegistrationDeadLetterQueueUrl");
    const message = await eventually("The dead letter", MINUTE / 2, () => receive(QueueUrl));
    expect(message.MessageAttributes?.["reason"]?.StringValue).toContain("name");
    await hub.clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  });

  test("what the hub itself reports does not come back to it", async () => {
    const event = {
      EventBusName: output("BusName"),
      Source: "outrigger",
      DetailType: "Cluster Registered",
      Detail: "{}",
    };
    await hub.clients.events.send(new PutEventsCommand({ Entries: [event] }));
    await delay(3_000);
    expect(await receive(output("RegistrationDeadLetterQueueUrl"))).toBeUndefined();
  });
});

test("a second stack lives beside the first", async () => {
  const { endpoint } = hub.aws;
  const second = await deployLocal({ endpoint, stateDir: hub.stateDir, stackName: "Second" });
  const shared = Object.keys(second).filter((name) => second[name] === hub.outputs[name]);
  expect(shared).toEqual([]);
  expect(second["HubId"]).toBe("Second.us-east-1.000000000000");
});

test("the heartbeat dispatch writes into its log becomes a metric", async () => {
  const { FunctionError } = await hub.clients.lambda.send(
    new InvokeCommand({ FunctionName: output("DispatchFunction") }),
  );
  expect(FunctionError).toBeUndefined();
  expect(await eventually("The heartbeat", MINUTE / 4, () => heartbeats(hub, 1))).not.toEqual([]);
});
