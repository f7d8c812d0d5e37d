import { setTimeout as sleep } from "node:timers/promises";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { createServiceQueue } from "../aws/service-queue.ts";
import type { Deployed } from "./deployed.ts";

/** Takes every message out of a queue and keeps it. */
export interface Collector {
  readonly messages: readonly Message[];
  stop(): Promise<void>;
}

/** Empties a queue as long as the test runs. */
export function collect(sqs: SQSClient, QueueUrl: string): Collector {
  const messages: Message[] = [];
  let running = true;
  const loop = async (): Promise<void> => {
    while (running) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] }),
      );
      for (const message of Messages) {
        messages.push(message);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle })).catch(unlessGone);
      }
      if (Messages.length === 0) await sleep(250);
    }
  };
  const done = loop();
  done.catch(() => undefined); // Told to whoever stops it.
  return {
    messages,
    async stop() {
      running = false;
      await done;
    },
  };
}

/** A delete whose reply was lost is sent again, and SQS lets that pass; the local AWS does not know the message any more. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ReceiptHandleIsInvalid)) throw error;
}

/** The reason a dead letter carries; the body says which message it was. */
export const reasonOf = ({ MessageAttributes }: Message): string => MessageAttributes?.["reason"]?.StringValue ?? "";

/** @returns how many messages a queue holds, those in flight and those delayed included. */
export async function depthOf(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const names = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
  ] as const;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] }));
  return names.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
}

/** An event the hub put on its bus. */
export interface Emitted {
  detailType: string;
  detail: Record<string, unknown>;
}

/** Listens to what the hub says on its bus, by a rule of the test's own. */
export async function listen({ hub, sqs, outputs }: Deployed): Promise<{ events(): Emitted[]; stop(): Promise<void> }> {
  const { url, arn } = await createServiceQueue(sqs, "heard-on-the-bus", "events.amazonaws.com");
  const bus = new EventBridgeClient(hub.aws);
  const rule = { Name: "heard-on-the-bus", EventBusName: outputs["BusName"] ?? "" };
  await bus.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify({ source: ["outrigger"] }) }));
  const Targets = [{ Id: "queue", Arn: arn }];
  await bus.send(new PutTargetsCommand({ Rule: rule.Name, EventBusName: rule.EventBusName, Targets }));
  bus.destroy();
  const collector = collect(sqs, url);
  return {
    events: () =>
      collector.messages.map(({ Body = "{}" }) => {
        const event = JSON.parse(Body) as Record<string, unknown>;
        return { detailType: String(event["detail-type"]), detail: event["detail"] as Record<string, unknown> };
      }),
    stop: () => collector.stop(),
  };
}

/** @returns how many messages of a queue were received and not acknowledged yet. */
export async function inFlight(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const name = "ApproximateNumberOfMessagesNotVisible";
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] }));
  return Number(Attributes?.[name] ?? 0);
}
