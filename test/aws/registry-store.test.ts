import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientSettings } from "../../lib/aws/clients.ts";
import { createRegistryStore } from "../../lib/aws/registry-store.ts";
import { openTable } from "../../lib/aws/table.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, startLocalAws } from "../../local/aws.ts";
import { registryStoreContract } from "../contract/registry-store.ts";
import { registrationOf } from "../fakes/registration.ts";
import { createDueTable } from "./due-table.ts";
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

async function createTable(): Promise<string> {
  tables += 1;
  const name = `registry-store-${tables}`;
  await createDueTable(client, name);
  return name;
}

/** What a version writes that knows one more state. */
async function spoil(table: string, pk: string, sk: string, field = "state"): Promise<void> {
  await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { pk: { S: pk }, sk: { S: sk } },
      UpdateExpression: "SET #field = :unheard",
      ExpressionAttributeNames: { "#field": field },
      ExpressionAttributeValues: { ":unheard": { S: "Unheard" } },
    }),
  );
}

registryStoreContract("DynamoDB", async () => {
  lose.next = false;
  const name = await createTable();
  return {
    store: createRegistryStore(openTable(client, name)),
    loseNextReply: () => {
      lose.next = true;
    },
    async spoil(cluster) {
      await spoil(name, "REGISTRATIONS", cluster);
      await spoil(name, `CLUSTER#${cluster}`, "REGISTRATION");
    },
    spoilHealth: (cluster) => spoil(name, `CLUSTER#${cluster}`, "HEALTH", "class"),
  };
});

test("A registration that nobody can read is named, and hides no other from dispatch", async () => {
  const name = await createTable();
  const store = createRegistryStore(openTable(client, name));
  await store.save(registrationOf("prod"), undefined);
  await store.save(registrationOf("old"), undefined);
  await spoil(name, "REGISTRATIONS", "old");
  const { clusters, unreadable } = await store.listActiveClusters();
  expect(clusters.map((cluster) => cluster.name)).toEqual(["prod"]);
  expect(unreadable).toEqual([
    expect.stringMatching(/^Cluster old: its registration .*\(state: must be one of .*\. Deploy the newest version/),
  ]);
});
