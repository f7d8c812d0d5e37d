import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from "@aws-sdk/client-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import { createHubStore } from "../../../lib/aws/hub-store.ts";
import { createRegistryStore } from "../../../lib/aws/registry-store.ts";
import { openTable, transact, writeItem } from "../../../lib/aws/table.ts";
import { createWorkStore } from "../../../lib/aws/work-store.ts";
import type { HealthRow } from "../../../lib/health/row.ts";
import type { FleetRow } from "../../../lib/hub/resource.ts";
import { KEY } from "../../fakes/lane.ts";

const $metadata = {};
const conflict = () => new TransactionConflictException({ $metadata, message: "Transaction is ongoing for the item" });
const cancelled = () =>
  new TransactionCanceledException({ $metadata, message: "", CancellationReasons: [{ Code: "TransactionConflict" }] });
const refused = () => new ConditionalCheckFailedException({ $metadata, message: "The conditional request failed" });

/** What the table answers, one after the other; then it accepts everything. */
let answers: unknown[];
let sent: number;
const table = openTable(new DynamoDBClient({ region: "us-east-1" }), "table");
table.client.send = (async () => {
  sent += 1;
  const answer = answers.shift();
  if (answer instanceof Error) throw answer;
  return answer ?? {};
}) as typeof table.client.send;
beforeEach(() => {
  answers = [];
  sent = 0;
});

const store = createWorkStore(table, { now: () => 0 });
const holding = { key: KEY, fence: 1, owner: "me" };
const row = {
  pk: "CLUSTER#prod",
  sk: "RESOURCE#cluster#MultiAZRollout#mimir#ingester#WORK",
  ticket: 3,
  ticketDone: 2,
  dueAt: 0,
  dueShard: "posted#0",
  leaseUntil: 0,
  fence: 1,
};
const health = { cluster: "prod", identity: "one", class: "Healthy", observedAt: "2026-11-21T00:00:00Z" } as HealthRow;
const fleet = { kind: "MultiAZRollout", namespace: "mimir", name: "ingester", uid: "u", writtenBy: "w" } as FleetRow;

describe("a write that meets a transaction on its item is made again", () => {
  const written = { Attributes: row };
  it.each<[string, () => Promise<unknown>, unknown[]]>([
    ["claim", () => store.claim(KEY, 0, 90_000), [written]],
    ["take", () => store.take(KEY, 3, { owner: "me", nowMs: 0, leaseUntilMs: 1 }), [written]],
    ["release", () => store.release(holding, 0, { posted: false }), [written]],
    ["the outcome of an action", () => store.recordOutcomes(KEY, "a", []), []],
    ["the health of a cluster", () => createRegistryStore(table).saveHealth(health, undefined), []],
    ["a resource for many clusters", () => createHubStore(table).saveFleet(fleet, undefined), []],
    ["the end of one", () => createHubStore(table).removeFleet(fleet), []],
  ])("%s", async (_name, write, then) => {
    answers = [conflict(), conflict(), ...then];
    await write();
    expect(sent).toBeGreaterThanOrEqual(3);
  });

  it("schedule, on what it read before", async () => {
    answers = [{}, conflict()];
    expect(await store.schedule(KEY, 0, { posted: false })).toEqual({ ticket: 1 });
    expect(sent).toBe(3);
  });

  it("a transaction", async () => {
    answers = [cancelled()];
    expect(await transact(table, [])).toBeUndefined();
    expect(sent).toBe(2);
  });
});

describe("a write", () => {
  const write = () => writeItem(() => table.client.send({} as never) as never);

  it("is given up after five conflicts", async () => {
    answers = Array.from({ length: 9 }, conflict);
    await expect(write()).rejects.toThrow("Transaction is ongoing");
    expect(sent).toBe(5);
  });

  it("whose condition does not hold is not made again", async () => {
    answers = [refused()];
    expect(await write()).toEqual({ seen: undefined, part: 0 });
    expect(sent).toBe(1);
  });

  it("that fails for another reason is not made again", async () => {
    answers = [new Error("no network")];
    await expect(write()).rejects.toThrow("no network");
    expect(sent).toBe(1);
  });
});
