import { describe, expect, it } from "vitest";
import { FAR_MS, type WorkStoreFixture } from "./fixture.ts";

/** How work gets into the due index and out to the queue. */
export function schedulingContract(t: WorkStoreFixture): void {
  describe("schedule", () => {
    it("creates the row with its first ticket and puts it into the due index", async () => {
      expect(await t.store.schedule(t.key, t.now() + 100_000, { posted: false })).toEqual({ ticket: 1 });
      expect(await t.store.load(t.key)).toMatchObject({
        key: t.key,
        ticket: 1,
        ticketDone: 0,
        dueAt: t.now() + 100_000,
        fence: 0,
        leaseUntil: 0,
      });
      expect(await t.due(t.now(), t.now() + 150_000)).toEqual([{ key: t.key, dueAt: t.now() + 100_000 }]);
      expect(await t.due(t.now(), t.now() + 99_999)).toEqual([]);
    });

    it("keeps times in whole milliseconds, never earlier than asked", async () => {
      await t.store.schedule(t.key, t.now() + 0.3, { posted: false });
      expect(await t.due(t.now(), t.now() + FAR_MS)).toEqual([{ key: t.key, dueAt: t.now() + 1 }]);
      await t.store.claim(t.key, t.now() + 1, t.now() + 90_000.5);
      expect(await t.store.load(t.key)).toMatchObject({ dueAt: t.now() + 90_001 });
    });

    it("grows the ticket by one each time", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.store.schedule(t.key, t.now(), { posted: true });
      expect(await t.store.schedule(t.key, t.now(), { posted: false })).toEqual({ ticket: 3 });
    });

    it("leaves a posted row out of dispatch's sight until its message counts as lost", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      expect(await t.due(t.now() + 89_999, t.now() + FAR_MS)).toEqual([]);
      expect(await t.due(t.now() + 90_000, t.now() + 90_000)).toHaveLength(1);
    });

    it("never makes earlier work later unless a message goes with it", async () => {
      await t.store.schedule(t.key, t.now() + 10_000, { posted: false });
      await t.store.schedule(t.key, t.now() + 600_000, { posted: false });
      expect(await t.due(t.now(), t.now() + 10_000)).toHaveLength(1);
    });

    it("makes later work earlier", async () => {
      await t.store.schedule(t.key, t.now() + 600_000, { posted: false });
      await t.store.schedule(t.key, t.now() + 10_000, { posted: false });
      expect(await t.due(t.now(), t.now() + 10_000)).toHaveLength(1);
    });

    it.each([
      ["for later", FAR_MS, false],
      ["for now, with a message", 0, true],
    ])("%s only grows the ticket while a lease is held", async (_name, inMs, posted) => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.taken(1);
      const before = await t.store.load(t.key);
      await t.store.schedule(t.key, t.now() + inMs, { posted });
      expect(await t.store.load(t.key)).toMatchObject({ ticket: 2, dueAt: before?.dueAt, dueShard: before?.dueShard });
    });

    it("counts every one of many at the same time", async () => {
      await Promise.all(Array.from({ length: 4 }, () => t.store.schedule(t.key, t.now(), { posted: true })));
      expect((await t.store.load(t.key))?.ticket).toBe(4);
    });
  });

  describe("claim", () => {
    it("claims a row once", async () => {
      await t.store.schedule(t.key, t.now() + 20_000, { posted: false });
      const [row] = await t.due(t.now(), t.now() + 150_000);
      expect(row).toBeDefined();
      const seen = row?.dueAt ?? 0;
      expect(await t.store.claim(t.key, seen, t.now() + 110_000)).toEqual({ ticket: 1 });
      expect(await t.store.claim(t.key, seen, t.now() + 110_001)).toBeUndefined();
      expect(await t.due(t.now() + 109_999, t.now() + FAR_MS)).toEqual([]);
      expect(await t.due(t.now() + 110_000, t.now() + 110_000)).toHaveLength(1);
    });

    it("does not claim what is due at another time by now", async () => {
      await t.store.schedule(t.key, t.now() + 20_000, { posted: false });
      await t.store.schedule(t.key, t.now() + 10_000, { posted: false });
      expect(await t.store.claim(t.key, t.now() + 20_000, t.now() + 110_000)).toBeUndefined();
    });

    it("does not claim what is not there", async () => {
      expect(await t.store.claim(t.key, t.now(), t.now() + 110_000)).toBeUndefined();
    });

    it("lets one of two dispatchers have the row", async () => {
      await t.store.schedule(t.key, t.now() + 20_000, { posted: false });
      const claims = await Promise.all(
        [1, 2].map((index) => t.store.claim(t.key, t.now() + 20_000, t.now() + 110_000 + index)),
      );
      expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1);
    });
  });
}
