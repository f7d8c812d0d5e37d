import { describe, expect, it } from "vitest";
import { admitBatch, type DoorRecord, parseBody, workMessageOf } from "../../../lib/work/door.ts";
import type { WorkMessage } from "../../../lib/work/messages.ts";
import { RetryableError } from "../../../lib/work/verdict.ts";
import { KEY } from "../../fakes/lane.ts";

const message: WorkMessage = { version: 1, key: KEY, ticket: 3, dueAt: 1_000, hops: 0 };
const schema = workMessageOf("rollout");
const recordOf = (messageId: string, body: unknown): DoorRecord => ({
  messageId,
  body: typeof body === "string" ? body : JSON.stringify(body),
});

function openDoor(handle: (message: WorkMessage) => Promise<unknown> = async () => {}) {
  const letters: { body: string; reason: string; messageId: string }[] = [];
  const handled: WorkMessage[] = [];
  const counted: string[] = [];
  const door = {
    schema,
    deadLetters: { put: async (letter: (typeof letters)[number]) => void letters.push(letter) },
    metrics: { add: (name: string) => void counted.push(name), flush: () => {} },
    log: () => {},
    handle: async (one: WorkMessage) => {
      handled.push(one);
      await handle(one);
    },
  };
  return { door, letters, handled, counted };
}

describe("what is wrong with a message", () => {
  it.each<[string, unknown, string[]]>([
    ["text that is no JSON", "{oops", ["body: not JSON"]],
    ["nothing", "", ["body: not JSON"]],
    ["another type", [1], ["body: must be an object"]],
    ["missing fields, each named", { version: 1 }, ["key: is missing", "ticket: is missing", "dueAt: is missing"]],
    ["an unknown field", { ...message, desired: {} }, ["desired: unknown field"]],
    ["an unknown version", { ...message, version: 2 }, ["version: must be 1"]],
    ["a ticket that is none", { ...message, ticket: 0 }, ["ticket: must be at least 1"]],
    ["a key without a name", { ...message, key: { ...KEY, name: "" } }, ["key.name: must not be empty"]],
    [
      "a kind of another lane",
      { ...message, key: { ...KEY, kind: "Discovery" } },
      ["key.kind: Discovery belongs to lane reconcile, not rollout"],
    ],
    ["a kind that is none", { ...message, key: { ...KEY, kind: "Pod" } }, ["key.kind: Pod is no kind of work"]],
  ])("%s", (_name, body, problems) => {
    const parsed = parseBody(typeof body === "string" ? body : JSON.stringify(body), schema);
    const reason = "reason" in parsed ? parsed.reason : "no reason";
    for (const problem of problems) expect(reason).toContain(problem);
  });

  it("is nothing for a message as we post it", () => {
    expect(parseBody(JSON.stringify(message), schema)).toEqual({ message });
  });
});

describe("a batch at the door", () => {
  it("puts what cannot be parsed into the dead-letter queue as it came, acknowledges it, and works on its neighbours", async () => {
    const { door, letters, handled, counted } = openDoor();
    const response = await admitBatch([recordOf("1", message), recordOf("2", "{oops"), recordOf("3", message)], door);
    expect(response).toEqual({ batchItemFailures: [] });
    expect(letters).toEqual([{ body: "{oops", messageId: "2", reason: expect.stringContaining("not JSON") }]);
    expect(handled).toHaveLength(2);
    expect(counted).toEqual(["MalformedMessages"]);
  });

  it.each([
    ["retryable", () => new RetryableError("throttled")],
    ["unexpected", () => new TypeError("undefined is not a function")],
  ])("sends only the record whose handler met something %s back to the queue", async (_name, failure) => {
    const { door } = openDoor(async ({ ticket }) => {
      if (ticket === 7) throw failure();
    });
    const response = await admitBatch(
      [recordOf("1", message), recordOf("2", { ...message, ticket: 7 }), recordOf("3", message)],
      door,
    );
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "2" }] });
  });

  it("keeps a malformed record in the queue while the dead-letter queue does not accept it", async () => {
    const { door, counted } = openDoor();
    door.deadLetters.put = () => Promise.reject(new Error("throttled"));
    expect(await admitBatch([recordOf("1", "{oops")], door)).toEqual({ batchItemFailures: [{ itemIdentifier: "1" }] });
    expect(counted).toEqual([]);
  });

  it.each([
    ["1", 10],
    ["2", 20],
    ["4", 80],
    ["9", 120],
  ])("asks for a record that failed at receive %s to come again after %d s", async (receives, seconds) => {
    const postponed: [string, number][] = [];
    const { door } = openDoor(() => Promise.reject(new RetryableError("throttled")));
    const redelivery = { postpone: async (handle: string, after: number) => void postponed.push([handle, after]) };
    const record = {
      ...recordOf("1", message),
      receiptHandle: "r1",
      attributes: { ApproximateReceiveCount: receives },
    };
    expect((await admitBatch([record], { ...door, redelivery })).batchItemFailures).toHaveLength(1);
    expect(postponed).toEqual([["r1", seconds]]);
  });

  it("works on the records of a batch side by side", async () => {
    let running = 0;
    let most = 0;
    const { door } = openDoor(async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    });
    await admitBatch([recordOf("1", message), recordOf("2", message)], door);
    expect(most).toBe(2);
  });
});
