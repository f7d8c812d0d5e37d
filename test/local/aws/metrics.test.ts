import { describe, expect, test } from "vitest";
import { parseEmbeddedMetrics } from "../../../local/aws/embedded-metrics.ts";
import { queueMetrics, readQueues } from "../../../local/aws/queue-metrics.ts";

const directive = (...metrics: { Name: string; Unit?: string }[]) => ({
  Timestamp: 1_767_268_800_000,
  CloudWatchMetrics: [{ Namespace: "Outrigger", Dimensions: [["Stack"]], Metrics: metrics }],
});

describe("a log line gives", () => {
  test("the metrics it embeds, with unit, dimension and time", () => {
    const line = JSON.stringify({
      _aws: directive({ Name: "DispatchHeartbeat", Unit: "Count" }, { Name: "DispatchedWork" }),
      Stack: "Fleet",
      DispatchHeartbeat: 1,
      DispatchedWork: 42,
    });
    const common = { namespace: "Outrigger", dimensions: { Stack: "Fleet" }, timestamp: 1_767_268_800_000 };
    expect(parseEmbeddedMetrics(line)).toEqual([
      { ...common, name: "DispatchHeartbeat", value: 1, unit: "Count" },
      { ...common, name: "DispatchedWork", value: 42, unit: "None" },
    ]);
  });

  test("one value for each number in a list", () => {
    const line = JSON.stringify({
      _aws: directive({ Name: "ProbeLatency", Unit: "Milliseconds" }),
      Stack: "Fleet",
      ProbeLatency: [3, 5],
    });
    expect(parseEmbeddedMetrics(line).map(({ value }) => value)).toEqual([3, 5]);
  });

  const nothing: Record<string, string> = {
    "it is text": "START RequestId: 1",
    "it is a log record": '{"level":"INFO","message":"hello"}',
    "it only mentions the format": 'this is no "_aws" {',
    "the directive is malformed": '{"_aws":{"Timestamp":"now"}}',
    "the value is no number": JSON.stringify({
      _aws: directive({ Name: "DispatchHeartbeat" }),
      Stack: "Fleet",
      DispatchHeartbeat: "one",
    }),
  };
  test.each(Object.entries(nothing))("nothing when %s", (_, line) => {
    expect(parseEmbeddedMetrics(line)).toEqual([]);
  });
});

describe("a queue's metrics", () => {
  const now = 1_767_268_800_000;
  const ago = (seconds: number): number => now / 1000 - seconds;
  const values = (messages: Parameters<typeof queueMetrics>[1]): Record<string, number> =>
    Object.fromEntries(
      queueMetrics("lane", messages, now).map(({ name, value }) => [name.replace("Approximate", ""), value]),
    );

  test("are zero for an empty queue", () => {
    expect(values([])).toEqual({
      NumberOfMessagesVisible: 0,
      NumberOfMessagesNotVisible: 0,
      NumberOfMessagesDelayed: 0,
      AgeOfOldestMessage: 0,
    });
  });

  test("tell waiting, working and delayed messages apart, and count no delay as age", () => {
    const messages = [
      { SentTimestamp: ago(5), IsVisible: true, ReceiveCount: 0 },
      { SentTimestamp: ago(40), IsVisible: false, ReceiveCount: 1 },
      { SentTimestamp: ago(100), IsVisible: false, ReceiveCount: 0 },
    ];
    expect(values(messages)).toEqual({
      NumberOfMessagesVisible: 1,
      NumberOfMessagesNotVisible: 1,
      NumberOfMessagesDelayed: 1,
      AgeOfOldestMessage: 40,
    });
  });

  test("carry the queue's name", () => {
    for (const { dimensions } of queueMetrics("lane", [], now)) expect(dimensions).toEqual({ QueueName: "lane" });
  });

  test("are read from what MiniStack shows of its queues", () => {
    const message = { SentTimestamp: 1, IsVisible: true, ReceiveCount: 0, Body: "{}" };
    const body = {
      messages: { "000000000000": { "us-east-1": { "http://127.0.0.1:1/000000000000/lane": [message] } } },
    };
    expect([...readQueues(body).keys()]).toEqual(["http://127.0.0.1:1/000000000000/lane"]);
  });
});
