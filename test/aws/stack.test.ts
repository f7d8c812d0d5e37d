import { setTimeout as delay } from "node:timers/promises";
import { GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { DescribeEventBusCommand, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { GetFunctionConfigurationCommand, ListEventSourceMappingsCommand } from "@aws-sdk/client-lambda";
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRunning, type LocalProcess } from "../../local/aws/process.ts";
import { deployLocal, startLocalMetrics } from "../../local/aws.ts";
import { type Deployment, deployHub, eventually } from "./deployment.ts";

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
    expect(Object.keys(hub.outputs)).toHaveLength(18);
  });

  test("a table with its index, point-in-time recovery and expiry", async () => {
    const { dynamo } = hub.clients;
    const TableName = output("TableName");
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
    expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(["due"]);
    expect(Table?.BillingModeSummary?.BillingMode).toBe("PAY_PER_REQUEST");
    const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription).toMatchObject({ AttributeName: "expiresAt", TimeToLiveStatus: "ENABLED" });
    const { ContinuousBackupsDescription } = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName }));
    expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe("ENABLED");
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

test("dispatch runs each minute and its heartbeat becomes a metric", async () => {
  const beats = async (): Promise<number[] | undefined> => {
    const { Datapoints = [] } = await hub.clients.cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace: "Outrigger",
        MetricName: "DispatchHeartbeat",
        Dimensions: [{ Name: "Stack", Value: "Outrigger" }],
        StartTime: new Date(Date.now() - 10 * MINUTE),
        EndTime: new Date(Date.now() + MINUTE),
        Period: 1,
        Statistics: ["Sum"],
      }),
    );
    const times = Datapoints.map(({ Timestamp }) => Timestamp?.getTime() ?? 0).toSorted((one, other) => one - other);
    return times.length < 2 ? undefined : times;
  };
  const [first = 0, second = 0] = await eventually("The second heartbeat", 2.5 * MINUTE, beats);
  expect(second - first).toBeGreaterThanOrEqual(55_000);
  expect(second - first).toBeLessThanOrEqual(75_000);
});
