import { z } from "zod";
import type { Hub } from "../hub.ts";

const EventBody = z.object({ id: z.string() });

/** Messages looked at in one go. */
const PEEK = 10;

/**
 * Looks for an event among the rejected ones. The messages stay in the dead-letter queue.
 * @returns why it was rejected; undefined when it is not there, or this caller may not look.
 */
export async function findRejection(hub: Hub, eventId: string): Promise<string | undefined> {
  const { ReceiveMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  const client = new SQSClient({ ...hub.aws, useQueueUrlAsEndpoint: false });
  try {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: hub.outputs.RegistrationDeadLetterQueueUrl,
        MaxNumberOfMessages: PEEK,
        VisibilityTimeout: 0,
        MessageAttributeNames: ["All"],
      }),
    );
    const own = Messages.find(({ Body }) => idOf(Body) === eventId);
    return own && (own.MessageAttributes?.["reason"]?.StringValue ?? "no reason was given");
  } catch {
    return undefined;
  } finally {
    client.destroy();
  }
}

function idOf(body: string | undefined): string | undefined {
  try {
    return EventBody.safeParse(JSON.parse(body ?? "")).data?.id;
  } catch {
    return undefined;
  }
}
