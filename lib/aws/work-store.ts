import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { readRegistration } from "../registry/unreadable.ts";
import { clusterPk, parseItemKey, type WorkKey } from "../work/keys.ts";
import { postedShard, waitingShard } from "../work/shard.ts";
import type { StateRow, WorkRow, WorkStore } from "../work/store.ts";
import { auditKey } from "./audit.ts";
import { DUE_INDEX, getItem, type Item, queryItems, type Table, writeItem } from "./table.ts";
import { keyOf, readState, readWork } from "./work-items.ts";
import { ink, pencil, saveStatus } from "./work-ledger.ts";
import { order } from "./work-orders.ts";
import { claim, forget, release, schedule, takeRow } from "./work-writes.ts";

/** Rows of one partition that dispatch reads in one run, the longest due first. */
const MOST_DUE = 2_000;

/** Due work in DynamoDB. The rules of each step are in `lib/work/row.ts`; here they become conditions. */
export function createWorkStore(table: Table, clock: { now(): number }): WorkStore {
  const load = async (key: WorkKey): Promise<WorkRow | undefined> => {
    const { pk, sk } = keyOf(key, "WORK");
    const item = await getItem(table, pk, sk);
    return item === undefined ? undefined : readWork(item).row;
  };
  const loadState = async (key: WorkKey): Promise<StateRow | undefined> => {
    const { pk, sk } = keyOf(key, "STATE");
    const item = await getItem(table, pk, sk);
    return item === undefined ? undefined : readState(item);
  };
  const loadRegistration = async (cluster: string) => {
    const item = await getItem(table, clusterPk(cluster), "REGISTRATION");
    return item === undefined ? undefined : readRegistration(cluster, item);
  };
  return {
    load,
    loadState,
    schedule: (key, dueAtMs, { posted }) => schedule(table, key, { atMs: dueAtMs, posted }, load),
    listDue: async (shard, nowMs, untilMs) => {
      const partitions = [queryDue(table, waitingShard(shard), untilMs), queryDue(table, postedShard(shard), nowMs)];
      return (await Promise.all(partitions)).flat();
    },
    claim: (key, seenDueAt, reclaimAtMs) => claim(table, key, seenDueAt, reclaimAtMs),
    async take(key, ticket, lease) {
      const row = await takeRow(table, key, ticket, lease);
      if (typeof row === "string") return row;
      const [state, registration] = await Promise.all([loadState(key), loadRegistration(key.cluster)]);
      return { row, state, registration };
    },
    pencil: (taken, intent, auditId) => pencil(table, taken, intent, auditId, clock.now()),
    async recordOutcomes(key, auditId, outcomes) {
      const update = new UpdateCommand({
        TableName: table.name,
        Key: auditKey(key, auditId),
        UpdateExpression: "SET #outcomes = :outcomes",
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeNames: { "#outcomes": "outcomes" },
        ExpressionAttributeValues: { ":outcomes": [...outcomes] },
      });
      const result = await writeItem(() => table.client.send(update));
      if ("part" in result) throw new Error(`Audit row ${auditId} of cluster ${key.cluster} is not there.`);
    },
    ink: (taken, result) => ink(table, taken, result, clock.now()),
    saveStatus: (taken, status) => saveStatus(table, taken, status, clock.now()),
    order: (key, change, entry) => order(table, key, change, { entry, nowMs: clock.now(), load }),
    release: (taken, dueAtMs, { posted }) => release(table, taken, dueAtMs, posted),
    async look(key) {
      const [row, registration] = await Promise.all([load(key), loadRegistration(key.cluster)]);
      return { row, registration };
    },
    listCluster: (cluster) => listCluster(table, cluster),
    forget: (key, fence, asRead) => forget(table, key, fence, asRead),
  };
}

async function queryDue(table: Table, dueShard: string, untilMs: number): Promise<{ key: WorkKey; dueAt: number }[]> {
  const query = {
    IndexName: DUE_INDEX,
    KeyConditionExpression: "#dueShard = :dueShard AND #dueAt <= :until",
    ExpressionAttributeNames: { "#dueShard": "dueShard", "#dueAt": "dueAt" },
    ExpressionAttributeValues: { ":dueShard": dueShard, ":until": untilMs },
  };
  const items = await queryItems(table, query, MOST_DUE);
  return items.flatMap((item) => {
    const parsed = parseItemKey(String(item["pk"]), String(item["sk"]));
    return parsed?.item === "WORK" ? [{ key: parsed.key, dueAt: Number(item["dueAt"]) }] : [];
  });
}

async function listCluster(table: Table, cluster: string): Promise<{ row: WorkRow; state: StateRow | undefined }[]> {
  const items = await queryItems(table, {
    KeyConditionExpression: "#pk = :pk AND begins_with(#sk, :prefix)",
    ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
    ExpressionAttributeValues: { ":pk": clusterPk(cluster), ":prefix": "RESOURCE#" },
    ConsistentRead: true,
  });
  const sks = (item: Item) => String(item["sk"]);
  const states = new Map(
    items.filter((item) => sks(item).endsWith("#STATE")).map((item) => [sks(item), readState(item)]),
  );
  return items
    .filter((item) => sks(item).endsWith("#WORK"))
    .map((item) => ({ row: readWork(item).row, state: states.get(sks(item).replace(/#WORK$/, "#STATE")) }));
}
