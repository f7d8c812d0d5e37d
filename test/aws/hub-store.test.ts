import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll } from "vitest";
import { clientSettings } from "../../lib/aws/clients.ts";
import { createHubStore } from "../../lib/aws/hub-store.ts";
import { openTable } from "../../lib/aws/table.ts";
import { createWorkStore } from "../../lib/aws/work-store.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, startLocalAws } from "../../local/aws.ts";
import { hubStoreContract } from "../contract/hub-store.ts";

const WRITES = new Set(["PutItemCommand", "DeleteItemCommand", "TransactWriteItemsCommand"]);
let stateDir: string;
let aws: LocalAws;
let client: DynamoDBClient;
let loseNext = false;
let tables = 0;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "outrigger-hub-store-"));
  aws = await startLocalAws({ stateDir });
  const credentials = { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" };
  client = new DynamoDBClient({ ...clientSettings(), endpoint: aws.endpoint, region: LOCAL_REGION, credentials });
  // Below the SDK's retries: the write is applied, its reply is thrown away once.
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (!loseNext || !WRITES.has(String(context["commandName"]))) return result;
      loseNext = false;
      throw Object.assign(new Error("The connection was cut after the write."), { name: "TimeoutError" });
    },
    { step: "finalizeRequest", priority: "low", name: "losingReplies" },
  );
});

afterAll(async () => {
  client?.destroy();
  await aws?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

hubStoreContract("DynamoDB", async () => {
  loseNext = false;
  tables += 1;
  const name = `hub-store-${tables}`;
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
  const table = openTable(client, name);
  return {
    store: createHubStore(table),
    work: createWorkStore(table, { now: Date.now }),
    register: async (registration) => {
      const item = { pk: `CLUSTER#${registration.name}`, sk: "REGISTRATION", ...registration };
      await client.send(new PutCommand({ TableName: name, Item: item }));
    },
    loseNextReply: () => {
      loseNext = true;
    },
  };
});
