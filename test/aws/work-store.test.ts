import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe } from "vitest";
import { clientSettings } from "../../lib/aws/clients.ts";
import { openTable, type Table } from "../../lib/aws/table.ts";
import { createWorkStore } from "../../lib/aws/work-store.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, startLocalAws } from "../../local/aws.ts";
import { workStoreContract } from "../contract/work-store.ts";
import { createDueTable } from "./due-table.ts";
import { loseReplies } from "./lost-replies.ts";

const WRITES = new Set(["UpdateItemCommand", "PutItemCommand", "TransactWriteItemsCommand"]);
const TABLE = "work-store-contract";

let stateDir: string;
let aws: LocalAws;
let table: Table;
let lose: ReturnType<typeof loseReplies>;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "outrigger-work-store-"));
  aws = await startLocalAws({ stateDir });
  const credentials = { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: "test" };
  const client = new DynamoDBClient({ ...clientSettings(), endpoint: aws.endpoint, region: LOCAL_REGION, credentials });
  lose = loseReplies(client, WRITES);
  table = openTable(client, TABLE);
  await createDueTable(client, TABLE);
});

afterAll(async () => {
  await aws?.stop();
  await rm(stateDir, { recursive: true, force: true });
});

describe("the work store in DynamoDB", () => {
  workStoreContract(async () => {
    lose.next = false;
    const clock = { nowMs: Date.now() };
    return {
      store: createWorkStore(table, { now: () => clock.nowMs }),
      clock,
      register: async (registration) => {
        const item = { pk: `CLUSTER#${registration.name}`, sk: "REGISTRATION", ...registration };
        await table.client.send(new PutCommand({ TableName: table.name, Item: item }));
      },
      loseNextReply: () => {
        lose.next = true;
      },
    };
  });
});
