import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudFormationClient, DescribeStackResourcesCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient, GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import {
  deployLocal,
  LOCAL_ACCOUNT,
  LOCAL_REGION,
  type LocalAws,
  type LocalAwsOptions,
  type StackOutputs,
  startLocalAws,
} from "../../local/aws.ts";

/** A hub deployed to a local AWS of its own, and clients for it. */
export interface Deployment {
  aws: LocalAws;
  stateDir: string;
  outputs: StackOutputs;
  clients: ReturnType<typeof openClients>;
  /** Physical ids of the stack's resources of a type. */
  resources(type: string): string[];
  close(): Promise<void>;
}

function openClients(endpoint: string) {
  const access = {
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" },
  };
  return {
    cloudFormation: new CloudFormationClient(access),
    cloudWatch: new CloudWatchClient(access),
    dynamo: new DynamoDBClient(access),
    events: new EventBridgeClient(access),
    lambda: new LambdaClient(access),
    sns: new SNSClient(access),
    sqs: new SQSClient({ ...access, useQueueUrlAsEndpoint: false }),
  };
}

/**
 * Starts a local AWS and deploys the hub with the real CDK.
 * @param options more for the local AWS.
 */
export async function deployHub(
  context: Record<string, string> = {},
  options: Omit<LocalAwsOptions, "stateDir"> = {},
): Promise<Deployment> {
  const stateDir = await mkdtemp(join(tmpdir(), "outrigger-stack-"));
  const aws = await startLocalAws({ ...options, stateDir });
  const outputs = await deployLocal({ endpoint: aws.endpoint, stateDir, context });
  const clients = openClients(aws.endpoint);
  const { StackResources = [] } = await clients.cloudFormation.send(
    new DescribeStackResourcesCommand({ StackName: "Outrigger" }),
  );
  return {
    aws,
    stateDir,
    outputs,
    clients,
    resources: (type) =>
      StackResources.flatMap(({ ResourceType, PhysicalResourceId: id }) =>
        ResourceType === type && id !== undefined ? [id] : [],
      ),
    async close() {
      for (const client of Object.values(clients)) client.destroy();
      await aws.stop();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Asks again until there is an answer. */
export async function eventually<T>(what: string, timeoutMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** @returns when dispatch ran in the last ten minutes, in epoch milliseconds; undefined when less often than `atLeast`. */
export async function heartbeats({ clients }: Deployment, atLeast: number): Promise<number[] | undefined> {
  const now = Date.now();
  const { Datapoints = [] } = await clients.cloudWatch.send(
    new GetMetricStatisticsCommand({
      Namespace: "Outrigger",
      MetricName: "DispatchHeartbeat",
      Dimensions: [{ Name: "Stack", Value: "Outrigger" }],
      StartTime: new Date(now - 600_000),
      EndTime: new Date(now + 60_000),
      Period: 1,
      Statistics: ["Sum"],
    }),
  );
  if (Datapoints.length < atLeast) return undefined;
  return Datapoints.map(({ Timestamp }) => Timestamp?.getTime() ?? 0).toSorted((one, other) => one - other);
}
