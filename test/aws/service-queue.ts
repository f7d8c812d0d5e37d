import { CreateQueueCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { LOCAL_ACCOUNT, LOCAL_REGION } from "../../local/aws.ts";

/** Creates a queue a service of AWS may send to, e.g. `sns.amazonaws.com`: without a policy nothing would arrive there. */
export async function createServiceQueue(
  sqs: SQSClient,
  QueueName: string,
  Service: string,
): Promise<{ url: string; arn: string }> {
  const arn = `arn:aws:sqs:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${QueueName}`;
  const Statement = [{ Effect: "Allow", Principal: { Service }, Action: "sqs:SendMessage", Resource: arn }];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
  return { url: QueueUrl, arn };
}
