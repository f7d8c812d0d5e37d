import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { HealthRow } from "../health/row.ts";
import { type Registration, scopeOf } from "../registry/registration.ts";
import type { RegistryStore } from "../registry/store.ts";
import {
  describeUnreadable,
  type RegistrationList,
  readRegistration,
  readRegistrations,
} from "../registry/unreadable.ts";
import { clusterPk } from "../work/keys.ts";
import type { ActiveClusters } from "../work/ports.ts";
import { readItem } from "./read-item.ts";
import { getItem, type Item, queryItems, type Table, transact, writeItem } from "./table.ts";

const REGISTRATION_SK = "REGISTRATION";
const HEALTH_SK = "HEALTH";
/** Partition of the pointer items: a copy of each registration, so that all of them can be read without a scan. */
const POINTERS_PK = "REGISTRATIONS";
/** Sort key of the item that says which registration holds a scope. */
const NAME_SK = "NAME";
/** Health rows read at the same time. */
const READS_AT_ONCE = 25;

/** Registrations and health in the hub's table. */
export function createRegistryStore(table: Table): RegistryStore & ActiveClusters {
  const list = async (): Promise<RegistrationList> => {
    const query = {
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": POINTERS_PK },
    };
    return readRegistrations((await queryItems(table, query)).map((row) => ({ name: String(row["sk"]), row })));
  };
  const healthItem = (cluster: string): Promise<Item | undefined> => getItem(table, clusterPk(cluster), HEALTH_SK);
  const nameOf = async (scope: string): Promise<string | undefined> =>
    (await getItem(table, scopePk(scope), NAME_SK))?.["name"] as string | undefined;
  return {
    list,
    nameOf,
    async load(cluster) {
      const item = await getItem(table, clusterPk(cluster), REGISTRATION_SK);
      return item === undefined ? undefined : readRegistration(cluster, item);
    },
    async listActiveClusters() {
      const { registrations, unreadable } = await list();
      const isProbed = ({ state, capabilities }: Registration): boolean =>
        state === "Active" && capabilities.includes("observe");
      return { clusters: registrations.filter(isProbed), unreadable: unreadable.map(describeUnreadable) };
    },
    async save(next, asRead) {
      const pointer = { pk: POINTERS_PK, sk: next.name };
      const Item = { pk: clusterPk(next.name), sk: REGISTRATION_SK, ...next };
      const row = {
        Put: {
          TableName: table.name,
          Item,
          ...unchangedSince(asRead),
          ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
        },
      };
      const copy =
        next.state === "Deregistered"
          ? { Delete: { TableName: table.name, Key: pointer } }
          : { Put: { TableName: table.name, Item: { ...next, ...pointer } } };
      const left = asRead === undefined || holdsScope(next, scopeOf(asRead)) ? undefined : scopeOf(asRead);
      const names = [
        ...(next.state === "Deregistered" ? [] : [takeName(table, next)]),
        ...(left !== undefined && (await nameOf(left)) === next.name ? [leaveName(table, left, next.name)] : []),
      ];
      const refused = await transact(table, [row, copy, ...names]);
      if (refused === undefined) return true;
      // After a lost reply the row found is the one this call wrote.
      const { at, eventId, state } = refused.seen ?? {};
      return at === next.at && eventId === next.eventId && state === next.state;
    },
    async loadHealth(cluster) {
      const item = await healthItem(cluster);
      return item === undefined ? undefined : readItem(HealthRow, item);
    },
    async listHealth(clusters) {
      const items: (Item | undefined)[] = [];
      for (let start = 0; start < clusters.length; start += READS_AT_ONCE) {
        items.push(...(await Promise.all(clusters.slice(start, start + READS_AT_ONCE).map(healthItem))));
      }
      return items.flatMap((item) => HealthRow.safeParse(item).data ?? []);
    },
    async saveHealth(next, asRead) {
      const Item = { pk: clusterPk(next.cluster), sk: HEALTH_SK, ...next };
      const put = new PutCommand({
        TableName: table.name,
        Item,
        ...healthUnchangedSince(asRead),
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      });
      const result = await writeItem(() => table.client.send(put));
      if ("written" in result) return true;
      const { observedAt, identity, class: found } = result.seen ?? {};
      return observedAt === next.observedAt && identity === next.identity && found === next.class;
    },
  };
}

const scopePk = (scope: string): string => `SCOPE#${scope}`;

const holdsScope = (registration: Registration, scope: string): boolean =>
  registration.state !== "Deregistered" && scopeOf(registration) === scope;

const ours = { ExpressionAttributeNames: { "#name": "name" } };

function takeName({ name: TableName }: Table, registration: Registration) {
  const { name } = registration;
  const Item = { pk: scopePk(scopeOf(registration)), sk: NAME_SK, name };
  const ConditionExpression = "attribute_not_exists(pk) OR #name = :name";
  return { Put: { TableName, Item, ConditionExpression, ...ours, ExpressionAttributeValues: { ":name": name } } };
}

/** It may be gone already, when this write is made again; another's is left alone. */
function leaveName({ name: TableName }: Table, scope: string, name: string) {
  const Key = { pk: scopePk(scope), sk: NAME_SK };
  const ConditionExpression = "attribute_not_exists(pk) OR #name = :name";
  return { Delete: { TableName, Key, ConditionExpression, ...ours, ExpressionAttributeValues: { ":name": name } } };
}

function unchangedSince(asRead: Registration | undefined) {
  if (asRead === undefined) return { ConditionExpression: "attribute_not_exists(pk)" };
  return {
    ConditionExpression: "#at = :at AND eventId = :eventId AND #state = :state",
    ExpressionAttributeNames: { "#at": "at", "#state": "state" },
    ExpressionAttributeValues: { ":at": asRead.at, ":eventId": asRead.eventId, ":state": asRead.state },
  };
}

function healthUnchangedSince(asRead: HealthRow | undefined) {
  if (asRead === undefined) return { ConditionExpression: "attribute_not_exists(pk)" };
  return {
    ConditionExpression: "observedAt = :observedAt AND #identity = :identity",
    ExpressionAttributeNames: { "#identity": "identity" },
    ExpressionAttributeValues: { ":observedAt": asRead.observedAt, ":identity": asRead.identity },
  };
}
