import { DescribeAlarmsCommand, type MetricAlarm, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import {
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { StackMeter } from "../../local/aws/measure.ts";
import { type Deployment, deployHub, eventually, heartbeats } from "./deployment.ts";
import { createServiceQueue } from "./service-queue.ts";

/**
 * Every alarm of the deployed stack: what it watches exists, it goes off and reaches the topic, and it is over again.
 * Dead letters and the heartbeat have their real cause; the other metrics are injected under the alarm's own dimensions.
 */
const MINUTE = 60_000;
let hub: Deployment;
let meter: StackMeter;
let inbox: string;

beforeAll(async () => {
  hub = await deployHub();
  // Dispatch is held until its heartbeat is wanted: the schedule would have it run a minute after it was made.
  const held = { FunctionName: hub.outputs["DispatchFunction"], ReservedConcurrentExecutions: 0 };
  await hub.clients.lambda.send(new PutFunctionConcurrencyCommand(held));
  meter = new StackMeter(hub.aws.endpoint, "Outrigger", Date.now());
  const { sqs, sns } = hub.clients;
  const { url, arn: Endpoint } = await createServiceQueue(sqs, "on-call", "sns.amazonaws.com");
  inbox = url;
  await sns.send(new SubscribeCommand({ TopicArn: hub.outputs["AlarmTopicArn"], Protocol: "sqs", Endpoint }));
});
afterAll(() => hub?.close());

async function loadAlarms(): Promise<MetricAlarm[]> {
  const AlarmNames = hub.resources("AWS::CloudWatch::Alarm");
  const { MetricAlarms = [] } = await hub.clients.cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames }));
  return MetricAlarms;
}

/** @returns what arrived at the topic's subscriber: alarm → state, the newest. */
async function drainInbox(into: Map<string, string>): Promise<void> {
  for (;;) {
    const { Messages = [] } = await hub.clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: inbox, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0) return;
    for (const { Body = "{}" } of Messages) {
      const { Message } = JSON.parse(Body) as { Message: string };
      const { AlarmName, NewStateValue } = JSON.parse(Message) as { AlarmName: string; NewStateValue: string };
      into.set(AlarmName, NewStateValue);
    }
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await hub.clients.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: inbox, Entries }));
  }
}

/**
 * Measures until every alarm is in a state and the topic's subscriber was told so. What is injected meanwhile is injected in
 * each round: a value counts in its own minute only.
 */
async function reached(state: "ALARM" | "OK", timeoutMs: number, meanwhile: () => Promise<void>): Promise<void> {
  const told = new Map<string, string>();
  await eventually(`${state} of every alarm`, timeoutMs, async () => {
    await meanwhile();
    await meter.measure(Date.now());
    const alarms = await loadAlarms();
    if (alarms.some(({ StateValue }) => StateValue !== state)) return undefined;
    await drainInbox(told);
    return alarms.every(({ AlarmName = "" }) => told.get(AlarmName) === state) ? true : undefined;
  });
}

/** Reports one value of an alarm's metric, under its own dimensions. */
async function inject({ Namespace, MetricName, Dimensions }: MetricAlarm, Value: number): Promise<void> {
  const MetricData = [{ MetricName, Dimensions, Value, Timestamp: new Date() }];
  await hub.clients.cloudWatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
}

async function queueUrl(name: string): Promise<string> {
  const { QueueUrl = "" } = await hub.clients.sqs.send(new GetQueueUrlCommand({ QueueName: name }));
  return QueueUrl;
}

const isDeadLetters = ({ MetricName }: MetricAlarm): boolean => MetricName === "ApproximateNumberOfMessagesVisible";
const isHeartbeat = ({ MetricName }: MetricAlarm): boolean => MetricName === "DispatchHeartbeat";
const isInjected = (alarm: MetricAlarm): boolean => !isDeadLetters(alarm) && !isHeartbeat(alarm);
const subjectOf = ({ Dimensions = [] }: MetricAlarm): string => Dimensions[0]?.Value ?? "";

describe("every alarm of the deployed stack", () => {
  test("watches something that is deployed", async () => {
    const alarms = await loadAlarms();
    expect(alarms).toHaveLength(25);
    for (const alarm of alarms) {
      const [dimension, ...others] = alarm.Dimensions ?? [];
      expect(others).toEqual([]);
      if (dimension?.Name === "QueueName")
        await expect(queueUrl(subjectOf(alarm))).resolves.toContain(subjectOf(alarm));
      else if (dimension?.Name === "FunctionName") {
        const found = hub.clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: subjectOf(alarm) }));
        await expect(found).resolves.toMatchObject({ FunctionName: subjectOf(alarm) });
      } else expect(dimension).toEqual({ Name: "Stack", Value: "Outrigger" });
    }
  });

  test("goes off and reaches the topic", async () => {
    const alarms = await loadAlarms();
    for (const alarm of alarms.filter(isDeadLetters)) {
      const QueueUrl = await queueUrl(subjectOf(alarm));
      await hub.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "dead" }));
    }
    // Dispatch does not run: that is the cause of the missing heartbeat.
    await reached("ALARM", MINUTE / 2, async () => {
      for (const alarm of alarms.filter(isInjected)) await inject(alarm, alarm.Threshold ?? 0);
    });
  });

  test("is over when its cause is", async () => {
    const { lambda, sqs } = hub.clients;
    const alarms = await loadAlarms();
    for (const alarm of alarms.filter(isDeadLetters)) {
      await sqs.send(new PurgeQueueCommand({ QueueUrl: await queueUrl(subjectOf(alarm)) }));
    }
    const FunctionName = hub.outputs["DispatchFunction"];
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName }));
    expect(FunctionError).toBeUndefined();
    await reached("OK", 2 * MINUTE, async () => {
      for (const alarm of alarms.filter(isInjected)) await inject(alarm, 0);
    });
  });

  test("names its own subject only: one dead letter raises one alarm", async () => {
    const QueueUrl = hub.outputs["ProbeDeadLetterQueueUrl"];
    await hub.clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "dead" }));
    await meter.measure(Date.now());
    const raised = (await loadAlarms()).filter((alarm) => alarm.StateValue === "ALARM" && !isHeartbeat(alarm));
    expect(raised.map(subjectOf)).toEqual([QueueUrl?.split("/").at(-1)]);
  });
});

test("dispatch runs each minute", async () => {
  const gap = await eventually("Two scheduled heartbeats", 3 * MINUTE, async () => {
    await meter.measure(Date.now());
    const times = await heartbeats(hub, 3); // One was asked for above.
    const [last = 0, before = 0] = times?.toReversed() ?? [];
    return last - before > 55_000 ? last - before : undefined;
  });
  expect(gap).toBeLessThan(75_000);
});
