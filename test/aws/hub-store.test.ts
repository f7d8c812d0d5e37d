import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAuditLog } from "../../lib/aws/audit.ts";
import { clientSettings } from "../../lib/aws/clients.ts";
import { createHubStore } from "../../lib/aws/hub-store.ts";
import { openTable } from "../../lib/aws/table.ts";
import { createWorkStore } from "../../lib/aws/work-store.ts";
import { hubKey } from "../../lib/hub/resource.ts";
import type { Registration } from "../../lib/registry/registration.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type LocalAws, startLocalAws } from "../../local/aws.ts";
import { hubStoreContract } from "../contract/hub-store.ts";
import { registrationOf } from "../fakes/registration.ts";
import { createDueTable } from "./due-table.ts";
import { loseReplies } from "./lost-replies.ts";

const WRITES = new Set(["PutItemCommand", "DeleteItemCommand", "TransactWriteItemsCommand"]);
let stateDir: string;
let aws: LocalAws;
let client: DynamoDBClient;
let lose: ReturnType<typeof loseReplies>;
let tables = 0;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "outrigger-hub-store-"));
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

const open = async () => {
  lose.next = false;
  tables += 1;
  const name = `hub-store-${tables}`;
  await createDueTable(client, name);
  const table = openTable(client, name);
  return {
    table,
    store: createHubStore(table),
    work: createWorkStore(table, { now: Date.now }),
    register: async (registration: Registration) => {
      const item = { pk: `CLUSTER#${registration.name}`, sk: "REGISTRATION", ...registration };
      await client.send(new PutCommand({ TableName: name, Item: item }));
    },
    loseNextReply: () => {
      lose.next = true;
    },
  };
};

hubStoreContract("DynamoDB", open);

test("audit rows come newest first, of a whole cluster or of one resource", async () => {
  const { table, work, register } = await open();
  const registration = registrationOf("prod");
  await register(registration);
  const batch = async (name: string, at: string, object: string): Promise<void> => {
    const key = hubKey({ kind: "MultiAZRollout", namespace: "mimir", name }, "prod");
    const { ticket } = await work.schedule(key, Date.now(), { posted: false });
    const lease = { owner: at, nowMs: Date.now(), leaseUntilMs: Date.now() + 60_000 };
    const taken = await work.take(key, ticket, lease);
    if (typeof taken === "string") throw new Error(taken);
    const holding = { key, fence: taken.row.fence, owner: at, ticket, identity: registration.identity };
    const actions = [{ kind: "DeletePod", object, reason: "Outdated" }];
    await work.pencil(holding, { actions, state: {} }, `${at}#1`);
    const outcomes = actions.map((action) => ({ ...action, result: "done" as const }));
    const status = { phase: "Progressing", conditions: [] };
    await work.ink(holding, { state: {}, status, outcomes, auditId: `${at}#1`, nextDueAtMs: 0, posted: false });
  };
  await batch("a", "2026-11-21T10:00:00.000Z", "a-0");
  await batch("b", "2026-11-21T10:00:01.000Z", "b-0");
  await batch("a", "2026-11-21T10:00:02.000Z", "a-1");
  const log = createAuditLog(table);
  const objects = async (options: Parameters<typeof log.listAudit>[1]) =>
    (await log.listAudit("prod", options)).map(({ intended, outcomes, result }) => [
      intended[0]?.object,
      outcomes[0]?.result,
      result,
    ]);
  expect(await objects({ limit: 2 })).toEqual([
    ["a-1", "done", "finished"],
    ["b-0", "done", "finished"],
  ]);
  const resource = { kind: "MultiAZRollout", namespace: "mimir", name: "a" };
  expect((await objects({ limit: 5, resource })).map(([object]) => object)).toEqual(["a-1", "a-0"]);
  expect(await log.listAudit("dev", { limit: 5 })).toEqual([]);
});
