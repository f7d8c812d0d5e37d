import { describe, expect, it } from "vitest";
import { sendInBatches } from "../../../lib/aws/batches.ts";

const items = (count: number) => Array.from({ length: count }, (_, index) => index);
const noWait = async () => {};

describe("sendInBatches", () => {
  it.each([
    [0, []],
    [1, [1]],
    [10, [10]],
    [25, [10, 10, 5]],
  ])("sends %d entries ten at a time", async (count, sizes) => {
    const sent: number[] = [];
    const failed = await sendInBatches(items(count), async (batch) => {
      sent.push(batch.length);
      return [];
    });
    expect(sent).toEqual(sizes);
    expect(failed).toEqual([]);
  });

  it("sends only what was refused again", async () => {
    const batches: number[][] = [];
    const failed = await sendInBatches(
      items(3),
      async (batch) => {
        batches.push([...batch]);
        return batches.length === 1 ? [{ index: 1, cause: "InternalError", permanent: false }] : [];
      },
      noWait,
    );
    expect(batches).toEqual([[0, 1, 2], [1]]);
    expect(failed).toEqual([]);
  });

  it("gives up after three attempts, and at once on the sender's own fault", async () => {
    let attempts = 0;
    const failed = await sendInBatches(
      ["busy", "bad", "good"],
      async (batch) => {
        attempts += 1;
        return batch.flatMap((item, index) =>
          item === "good" ? [] : [{ index, cause: `${item}!`, permanent: item === "bad" }],
        );
      },
      noWait,
    );
    expect(attempts).toBe(3);
    expect(failed).toEqual([
      { item: "bad", cause: "bad!" },
      { item: "busy", cause: "busy!" },
    ]);
  });

  it("reports a batch whose request failed, and goes on with the next one", async () => {
    let call = 0;
    const failed = await sendInBatches(items(12), async () => {
      call += 1;
      if (call === 1) throw new Error("connection reset");
      return [];
    });
    expect(failed).toHaveLength(10);
    expect(failed[0]).toEqual({ item: 0, cause: "Error: connection reset" });
  });
});
