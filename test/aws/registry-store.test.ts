import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll } from "vitest";
import { clientSettings } from "../../lib/aws/clients.ts";
import { createRegistryStore } from "../../lib/aws/registry-store.ts";
import { openTable } from "../../lib/aws/table.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, startLocalAws } from "../../local/aws.ts";
import { registryStoreContract } from "../contract/registry-store.ts";
import { loseReplies } from "./lost-replies.ts";

const WRITES = new Set(["PutItemCommand", "TransactWriteItemsCommand"]);
let stateDir: string;
let aws: LocalAws;
let client: DynamoDBClient;
let lose: ReturnType<typeof loseReplies>;
let tables = 0;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "outrigger-registry-store-"));
  aws = await startLocalAws({ stateDir });
  const credentials = { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" };
  client = new DynamoDBClient({ ...clientSettings(), endpoint: aws.endpoint, region: LOCAL_REGION, credentials });
  lose = loseReplies(client, WRITES);
});

afterAll(async () => {
  client?.destroy();
  await aws?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

registryStoreContract("DynamoDB", async () => {
  lose.next = false;
  tables += 1;
  const name = `registry-store-${tables}`;
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
  return {
    store: createRegistryStore(openTable(client, name)),
    loseNextReply: () => {
      lose.next = true;
    },
  };
});
