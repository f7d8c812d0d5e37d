import process from "node:process";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";

/**
 * What every SDK client of ours is built with. The SDK's default is no timeout at all, and `requestTimeout` alone only
 * logs: both are set, so that a silent service costs seconds, not the invocation.
 *
 * @param requestTimeoutMs the longest one attempt may take; a timeout is retried like any lost reply.
 */
export function clientSettings(requestTimeoutMs = 5_000) {
  return {
    maxAttempts: 4,
    retryMode: "standard",
    requestHandler: { requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true, connectionTimeout: 2_000 },
  } as const;
}

/** @returns whether the SDK was pointed at an emulator: then SQS must not follow the host in a queue's URL. */
const usesCustomEndpoint = (): boolean => (process.env["AWS_ENDPOINT_URL"] ?? "") !== "";

export const createDynamoClient = (): DynamoDBClient => new DynamoDBClient(clientSettings());

export const createEventBridgeClient = (): EventBridgeClient => new EventBridgeClient(clientSettings());

export const createSecretsClient = (): SecretsManagerClient => new SecretsManagerClient(clientSettings());

export function createSqsClient(): SQSClient {
  return new SQSClient({ ...clientSettings(), ...(usesCustomEndpoint() ? { useQueueUrlAsEndpoint: false } : {}) });
}
