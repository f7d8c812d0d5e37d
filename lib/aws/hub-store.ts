import { DeleteCommand, PutCommand, type TransactWriteCommandInput } from "@aws-sdk/lib-dynamodb";
import { FleetRow, type ResourceId, SpecRow } from "../hub/resource.ts";
import type { HubStore } from "../hub/store.ts";
import { clusterPk, parseItemKey, placedKey, placedPk, resourceSk } from "../work/keys.ts";
import { readItem } from "./read-item.ts";
import { getItem, type Item, queryItems, type Table, transact, writeItem } from "./table.ts";
import { keyOf } from "./work-items.ts";

const FLEET_PK = "FLEET";
const fleetKey = ({ kind, namespace, name }: ResourceId) => ({
  pk: FLEET_PK,
  sk: `RESOURCE#${kind}#${namespace}#${name}`,
});

/** Resources whose home is the hub, in the hub's table. */
export function createHubStore(table: Table): HubStore {
  const query = (pk: string, prefix: string): Promise<Item[]> =>
    queryItems(table, {
      ConsistentRead: true,
      KeyConditionExpression: "#pk = :pk AND begins_with(#sk, :prefix)",
      ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
      ExpressionAttributeValues: { ":pk": pk, ":prefix": prefix },
    });
  return {
    async listFleet() {
      return (await query(FLEET_PK, "RESOURCE#")).map((item) => readItem(FleetRow, item));
    },
    async loadFleet(id) {
      const { pk, sk } = fleetKey(id);
      const item = await getItem(table, pk, sk);
      return item === undefined ? undefined : readItem(FleetRow, item);
    },
    async saveFleet(next, asRead) {
      const put = new PutCommand({
        TableName: table.name,
        Item: { ...fleetKey(next), ...next },
        ...unchangedSince(asRead),
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      });
      const result = await writeItem(() => table.client.send(put));
      return "written" in result || result.seen?.["writtenBy"] === next.writtenBy;
    },
    async removeFleet(row) {
      const remove = new DeleteCommand({
        TableName: table.name,
        Key: fleetKey(row),
        ConditionExpression: "#uid = :uid AND #deleting = :true",
        ExpressionAttributeNames: { "#uid": "uid", "#deleting": "deleting" },
        ExpressionAttributeValues: { ":uid": row.uid, ":true": true },
      });
      await writeItem(() => table.client.send(remove));
    },
    async loadSpec(key) {
      const { pk, sk } = keyOf(key, "SPEC");
      const item = await getItem(table, pk, sk);
      return item === undefined ? undefined : readSpec(item);
    },
    async loadPlaced(cluster) {
      const pk = clusterPk(cluster);
      const items = await query(pk, "RESOURCE#hub#");
      const specs = items.filter(({ sk }) => String(sk).endsWith("#SPEC")).map(readSpec);
      const known = new Set(specs.map(({ key }) => resourceSk(key)));
      const orphans = items.flatMap(({ sk }) => {
        const parsed = parseItemKey(pk, String(sk));
        return parsed?.item === "WORK" && !known.has(resourceSk(parsed.key)) ? [parsed.key] : [];
      });
      return { specs, orphans };
    },
    async saveSpec(next, asRead, identity) {
      const refused = await transact(table, saveSpecParts(table, next, asRead, identity));
      if (refused === undefined) return "saved";
      if (refused.part === 0) return "notRegistered";
      return refused.seen?.["writtenBy"] === next.writtenBy ? "saved" : "changed";
    },
    async removeSpec({ key, uid }) {
      await transact(table, [
        {
          Delete: {
            TableName: table.name,
            Key: keyOf(key, "SPEC"),
            ConditionExpression: "attribute_not_exists(pk) OR #uid = :uid",
            ExpressionAttributeNames: { "#uid": "uid" },
            ExpressionAttributeValues: { ":uid": uid },
          },
        },
        { Delete: { TableName: table.name, Key: placedKey(key) } },
      ]);
    },
    async listPlaced(id) {
      const items = await queryItems(table, {
        ConsistentRead: true,
        KeyConditionExpression: "#pk = :pk",
        ExpressionAttributeNames: { "#pk": "pk" },
        ExpressionAttributeValues: { ":pk": placedPk(id) },
      });
      return items.map(({ sk, uid }) => ({ cluster: String(sk), uid: String(uid) }));
    },
  };
}

function readSpec(item: Item): SpecRow {
  const key = parseItemKey(String(item["pk"]), String(item["sk"]))?.key;
  return readItem(SpecRow, item, { ...item, key });
}

function unchangedSince(asRead: { writtenBy: string } | undefined) {
  if (asRead === undefined) return { ConditionExpression: "attribute_not_exists(pk)" };
  return {
    ConditionExpression: "#writtenBy = :seen",
    ExpressionAttributeNames: { "#writtenBy": "writtenBy" },
    ExpressionAttributeValues: { ":seen": asRead.writtenBy },
  };
}

function saveSpecParts(
  table: Table,
  { key, ...fields }: SpecRow,
  asRead: SpecRow | undefined,
  identity: string,
): NonNullable<TransactWriteCommandInput["TransactItems"]> {
  const registered = {
    TableName: table.name,
    Key: { pk: clusterPk(key.cluster), sk: "REGISTRATION" },
    ConditionExpression: "#identity = :identity AND #state = :active",
    ExpressionAttributeNames: { "#identity": "identity", "#state": "state" },
    ExpressionAttributeValues: { ":identity": identity, ":active": "Active" },
  };
  const spec = {
    TableName: table.name,
    Item: { ...keyOf(key, "SPEC"), ...fields },
    ...unchangedSince(asRead),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
  return [
    { ConditionCheck: registered },
    { Put: spec },
    { Put: { TableName: table.name, Item: { ...placedKey(key), uid: fields.uid } } },
  ];
}
