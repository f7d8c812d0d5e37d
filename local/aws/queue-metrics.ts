import { z } from "zod";
import type { MetricValue } from "./embedded-metrics.ts";

/** What MiniStack tells about the messages of its queues (`/_ministack/sqs/messages`); times in epoch seconds. */
const Messages = z.object({
  messages: z.record(
    z.string(),
    z.record(
      z.string(),
      z.record(
        z.string(),
        z.array(z.object({ SentTimestamp: z.number(), IsVisible: z.boolean(), ReceiveCount: z.number() })),
      ),
    ),
  ),
});

/** @returns queue URL → its messages. */
export function readQueues(body: unknown): Map<string, QueuedMessage[]> {
  const { messages } = Messages.parse(body);
  const regions = Object.values(messages).flatMap((byRegion) => Object.values(byRegion));
  return new Map(regions.flatMap((queues) => Object.entries(queues)));
}

export interface QueuedMessage {
  SentTimestamp: number;
  IsVisible: boolean;
  ReceiveCount: number;
}

/** The metrics SQS reports of a queue: visible, in flight and delayed messages, age of the oldest that may be received. */
export function queueMetrics(queueName: string, messages: readonly QueuedMessage[], nowMs: number): MetricValue[] {
  const visible = messages.filter((message) => message.IsVisible);
  const inFlight = messages.filter((message) => !message.IsVisible && message.ReceiveCount > 0);
  const delayed = messages.length - visible.length - inFlight.length;
  const ages = [...visible, ...inFlight].map((message) => nowMs / 1000 - message.SentTimestamp);
  const metric = (name: string, value: number, unit: string): MetricValue => ({
    namespace: "AWS/SQS",
    name,
    value,
    unit,
    dimensions: { QueueName: queueName },
    timestamp: nowMs,
  });
  return [
    metric("ApproximateNumberOfMessagesVisible", visible.length, "Count"),
    metric("ApproximateNumberOfMessagesNotVisible", inFlight.length, "Count"),
    metric("ApproximateNumberOfMessagesDelayed", delayed, "Count"),
    metric("ApproximateAgeOfOldestMessage", Math.max(0, ...ages), "Seconds"),
  ];
}
