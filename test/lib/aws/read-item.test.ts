import { expect, test } from "vitest";
import { readState, readWork } from "../../../lib/aws/work-items.ts";

const at = { pk: "CLUSTER#c", sk: "RESOURCE#cluster#MultiAZRollout#mimir#ingester#WORK" };

test.each<[string, () => unknown, string]>([
  [
    "a row of another version",
    () => readWork({ ...at, ticket: "3", ticketDone: 1, dueAt: 0, dueShard: "s", fence: 0 }),
    "is not as this version writes it: ticket: must be a number; leaseUntil: is missing. Deploy the newest version",
  ],
  ["a state that somebody edited", () => readState({ ...at, identity: 1, updatedAt: "now" }), "identity: must be text"],
])("%s names the item, what is wrong and what to do", (_sentence, read, says) => {
  expect(read).toThrow(`Item ${at.pk} / ${at.sk} `);
  expect(read).toThrow(says);
});
