import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ofType, type Resource, synthesise } from "./synthesis.ts";

const synthesised = synthesise();
const alarms = ofType(synthesised, "AWS::CloudWatch::Alarm");
const topics = ofType(synthesised, "AWS::SNS::Topic");

interface Dimension {
  Name: string;
  Value: string | { Ref?: string; "Fn::GetAtt"?: [string, string] };
}

/** What a metric's dimension must point at, by namespace. */
const SUBJECTS: Record<string, { dimension: string; type: string; metrics: string[] }> = {
  "AWS/SQS": {
    dimension: "QueueName",
    type: "AWS::SQS::Queue",
    metrics: ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"],
  },
  "AWS/Lambda": {
    dimension: "FunctionName",
    type: "AWS::Lambda::Function",
    metrics: ["Errors", "Throttles", "RecursiveInvocationsDropped"],
  },
};

function subjectOf({ Properties }: Resource): { id: string | undefined; type: string | undefined; dimension: string } {
  const [dimension] = Properties["Dimensions"] as [Dimension];
  expect(Properties["Dimensions"]).toHaveLength(1);
  const value = dimension.Value;
  if (typeof value === "string") return { id: value, type: undefined, dimension: dimension.Name };
  const id = value.Ref ?? value["Fn::GetAtt"]?.[0] ?? "";
  return { id, type: synthesised.resources[id]?.Type, dimension: dimension.Name };
}

const shortName = (id: string): string => id.replace(/^OutriggerAlarms/, "").replace(/[0-9A-F]{8}$/, "");

describe.each(alarms.map(([id, alarm]) => [shortName(id), alarm] as const))("alarm %s", (_, alarm) => {
  const { Namespace, MetricName, AlarmDescription, AlarmActions, OKActions } = alarm.Properties as Record<
    string,
    string
  >;

  test("watches a metric of a resource in the template", () => {
    const subject = subjectOf(alarm);
    if (Namespace === "Outrigger") {
      expect([MetricName, subject.dimension, subject.id]).toEqual(["DispatchHeartbeat", "Stack", "Outrigger"]);
      return;
    }
    const expected = SUBJECTS[Namespace ?? ""];
    expect(subject).toMatchObject({ dimension: expected?.dimension, type: expected?.type });
    expect(expected?.metrics).toContain(MetricName);
  });

  test("reaches the topic when it goes off and when it is over", () => {
    const topic = [{ Ref: topics[0]?.[0] }];
    expect([AlarmActions, OKActions]).toEqual([topic, topic]);
  });

  test("has a runbook with cause, what to look at and fix, linked in its description", () => {
    const [, path = ""] = /Runbook: (.+)$/.exec(AlarmDescription ?? "") ?? [];
    expect(path).toMatch(/^docs\/runbooks\/[a-z-]+\.md$/);
    expect(existsSync(path), `${path} is missing: write it`).toBe(true);
    const runbook = readFileSync(path, "utf8");
    for (const section of ["## Cause", "## What to look at", "## Fix"]) expect(runbook).toContain(section);
  });
});

test("each queue, function and self-feeding function has its alarms, and dispatch its dead-man alarm", () => {
  const counted = Map.groupBy(alarms, ([, { Properties }]) => String(Properties["MetricName"]));
  expect(Object.fromEntries([...counted].map(([metric, list]) => [metric, list.length]))).toEqual({
    ApproximateNumberOfMessagesVisible: 4,
    ApproximateAgeOfOldestMessage: 4,
    Errors: 6,
    Throttles: 6,
    RecursiveInvocationsDropped: 4,
    DispatchHeartbeat: 1,
  });
  const subjects = alarms.map(
    ([, alarm]) => `${String(alarm.Properties["MetricName"])} ${String(subjectOf(alarm).id)}`,
  );
  expect(new Set(subjects).size).toBe(alarms.length);
});

test("dead letters are counted in the dead-letter queues, ages in the queues that feed", () => {
  for (const [, alarm] of alarms) {
    const isDeadLetter = /DeadLetters/.test(subjectOf(alarm).id ?? "");
    if (alarm.Properties["MetricName"] === "ApproximateNumberOfMessagesVisible") expect(isDeadLetter).toBe(true);
    if (alarm.Properties["MetricName"] === "ApproximateAgeOfOldestMessage") expect(isDeadLetter).toBe(false);
  }
});

test("a missing heartbeat is an alarm, missing data of anything else is not", () => {
  const treated = new Set(
    alarms.map(
      ([, { Properties }]) =>
        `${Properties["MetricName"] === "DispatchHeartbeat"} ${String(Properties["TreatMissingData"])}`,
    ),
  );
  expect([...treated].toSorted()).toEqual(["false notBreaching", "true breaching"]);
});

test("no runbook is left over", () => {
  const linked = alarms.map(([, { Properties }]) => /([a-z-]+\.md)$/.exec(String(Properties["AlarmDescription"]))?.[1]);
  expect(new Set(readdirSync("docs/runbooks"))).toEqual(new Set(linked));
});

test("runbooks may live elsewhere", () => {
  const elsewhere = synthesise({ runbooks: "https://runbooks.example/outrigger/" });
  for (const [, { Properties }] of ofType(elsewhere, "AWS::CloudWatch::Alarm")) {
    expect(Properties["AlarmDescription"]).toMatch(/ Runbook: https:\/\/runbooks\.example\/outrigger\/[a-z-]+\.md$/);
  }
});

test("the topic is encrypted, refuses connections without TLS and lets this account's alarms publish", () => {
  const [, topic] = topics[0] ?? [];
  const [keyId] = ofType(synthesised, "AWS::KMS::Key")[0] ?? [];
  expect(topic?.Properties["KmsMasterKeyId"]).toEqual({ "Fn::GetAtt": [keyId, "Arn"] });
  const [, policy] = ofType(synthesised, "AWS::SNS::TopicPolicy")[0] ?? [];
  expect(policy?.Properties["PolicyDocument"]).toMatchObject({
    Statement: [
      { Effect: "Deny", Principal: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
      { Effect: "Allow", Principal: { Service: "cloudwatch.amazonaws.com" }, Action: "sns:Publish" },
    ],
  });
});

test("a topic of one's own takes the place of ours, and no key is made", () => {
  const own = "arn:aws:sns:eu-west-1:111111111111:on-call";
  const given = synthesise({ alarmTopicArn: own });
  expect(ofType(given, "AWS::SNS::Topic")).toHaveLength(0);
  expect(ofType(given, "AWS::KMS::Key")).toHaveLength(0);
  for (const [, { Properties }] of ofType(given, "AWS::CloudWatch::Alarm"))
    expect(Properties["AlarmActions"]).toEqual([own]);
  expect(given.outputs["AlarmTopicArn"]?.Value).toBe(own);
});
