import { describe, expect, it } from "vitest";
import { LeaseLostError } from "../../../lib/work/verdict.ts";
import { FAR_MS, type WorkStoreFixture } from "./fixture.ts";

/** What is read, forgotten and found again. */
export function recoveryContract(t: WorkStoreFixture): void {
  describe("look, list, forget", () => {
    it("shows a running worker what the table says now", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      expect(await t.store.look(t.key)).toMatchObject({
        row: { fence: work.row.fence },
        registration: { state: "Active" },
      });
    });

    it("lists the rows of one cluster with their states", async () => {
      const other = { ...t.key, name: "store-gateway" };
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.store.schedule(other, t.now(), { posted: false });
      const work = await t.taken(1);
      await t.store.ink(work.holding, t.inkOf());
      const listed = await t.store.listCluster(t.key.cluster);
      expect(listed.map(({ row, state }) => [row.key.name, state?.status])).toEqual([
        ["ingester", { phase: "Progressing", conditions: [] }],
        ["store-gateway", undefined],
      ]);
    });

    it("forgets a resource under its fence, and is content when it is gone already", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.ink(work.holding, t.inkOf());
      await t.store.forget(t.key, work.row.fence);
      expect(await t.store.load(t.key)).toBeUndefined();
      expect(await t.store.loadState(t.key)).toBeUndefined();
      expect(await t.due(t.now() + FAR_MS, t.now() + FAR_MS)).toEqual([]);
      await t.store.forget(t.key, work.row.fence);
    });

    it("does not forget what was taken or scheduled since", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.schedule(t.key, t.now(), { posted: true });
      await expect(t.store.forget(t.key, 0)).rejects.toThrow(LeaseLostError);
      await expect(t.store.forget(t.key, work.row.fence, { ticket: 1 })).rejects.toThrow(LeaseLostError);
      expect(await t.store.load(t.key)).toMatchObject({ ticket: 2 });
    });
  });

  describe("a kill after any step", () => {
    const steps: [string, () => Promise<unknown>][] = [
      ["schedule without a message", () => t.store.schedule(t.key, t.now() + 200_000, { posted: false })],
      ["schedule before its message is sent", () => t.store.schedule(t.key, t.now(), { posted: true })],
      [
        "claim before its message is sent",
        async () => {
          await t.store.schedule(t.key, t.now(), { posted: false });
          await t.store.claim(t.key, t.now(), t.now() + 90_000);
        },
      ],
      [
        "take",
        async () => {
          await t.store.schedule(t.key, t.now(), { posted: true });
          await t.taken(1);
        },
      ],
      [
        "pencil",
        async () => {
          await t.store.schedule(t.key, t.now(), { posted: true });
          await t.store.pencil((await t.taken(1)).holding, t.intent, `${new Date(t.now()).toISOString()}#k`);
        },
      ],
      [
        "ink before its message is sent",
        async () => {
          await t.store.schedule(t.key, t.now(), { posted: true });
          await t.store.ink((await t.taken(1)).holding, t.inkOf());
        },
      ],
      [
        "ink that leaves the work to dispatch",
        async () => {
          await t.store.schedule(t.key, t.now(), { posted: true });
          await t.store.ink((await t.taken(1)).holding, t.inkOf({ posted: false, nextDueAtMs: t.now() + 300_000 }));
        },
      ],
      [
        "release",
        async () => {
          await t.store.schedule(t.key, t.now(), { posted: true });
          await t.store.release((await t.taken(1)).holding, t.now(), { posted: false });
        },
      ],
    ];
    it.each(steps)("%s: dispatch finds the work again and it can be taken", async (_name, step) => {
      await step();
      t.pass(400_000);
      const [row] = await t.due(t.now(), t.now() + 150_000);
      expect(row?.key).toEqual(t.key);
      const claimed = await t.store.claim(t.key, row?.dueAt ?? 0, t.now() + 90_000);
      expect(await t.take(claimed?.ticket ?? 0)).toMatchObject({ row: { key: t.key } });
    });
  });

  describe("a reply that is lost after the write was applied", () => {
    const losing = () => t.subject.loseNextReply?.();

    it("does not keep schedule from naming its ticket", async () => {
      losing();
      expect(await t.store.schedule(t.key, t.now(), { posted: true })).toEqual({ ticket: 1 });
      expect((await t.store.load(t.key))?.ticket).toBe(1);
    });

    it("does not keep claim from knowing that it claimed", async () => {
      await t.store.schedule(t.key, t.now(), { posted: false });
      losing();
      expect(await t.store.claim(t.key, t.now(), t.now() + 90_000)).toEqual({ ticket: 1 });
    });

    it("does not make a taker wait for its own lease", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      losing();
      expect(await t.take(1)).toMatchObject({ row: { fence: 1 } });
    });

    it("does not make pencil, ink or release believe the lease was lost", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      losing();
      await t.store.pencil(work.holding, t.intent, `${new Date(t.now()).toISOString()}#l`);
      losing();
      expect(await t.store.ink(work.holding, t.inkOf())).toEqual({
        ticket: 2,
        dueAtMs: t.now() + 30_000,
        posted: true,
      });
      expect(await t.store.load(t.key)).toMatchObject({ ticket: 2, ticketDone: 1 });
      const again = await t.taken(2);
      losing();
      await t.store.release(again.holding, t.now(), { posted: false });
      expect(await t.store.load(t.key)).toMatchObject({ ticket: 2, leaseUntil: 0 });
    });
  });
}
