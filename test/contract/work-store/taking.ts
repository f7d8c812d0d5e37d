import { describe, expect, it } from "vitest";
import type { Holding } from "../../../lib/work/store.ts";
import { LeaseLostError } from "../../../lib/work/verdict.ts";
import { LEASE_MS, type WorkStoreFixture } from "./fixture.ts";

/** Who gets the lease, and who has lost it. */
export function takingContract(t: WorkStoreFixture): void {
  describe("take", () => {
    it("gives row, state and registration to the taker, with a fence that grows", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const first = await t.taken(1);
      expect(first).toMatchObject({ state: undefined, registration: { name: t.key.cluster } });
      expect(first.row).toMatchObject({
        ticket: 1,
        fence: 1,
        leaseUntil: t.now() + LEASE_MS,
        dueAt: t.now() + LEASE_MS + 5_000,
      });
      await t.store.ink(first.holding, t.inkOf());
      const second = await t.taken(2);
      expect(second.row.fence).toBe(2);
      expect(second.state).toMatchObject({ identity: t.registration.identity, state: { step: 2 } });
    });

    it("keeps times in whole milliseconds until the lease is free again", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const lease = { nowMs: t.now(), leaseUntilMs: t.now() + LEASE_MS + 0.2 };
      const first = await t.store.take(t.key, 1, { owner: "first", ...lease });
      const leaseUntil = t.now() + LEASE_MS + 1;
      expect(first).toMatchObject({ row: { leaseUntil, dueAt: leaseUntil + 5_000 } });
      await t.store.release({ key: t.key, fence: 1, owner: "first" }, t.now() + 0.1, { posted: false });
      expect(await t.store.load(t.key)).toMatchObject({ dueAt: t.now() + 1 });
      const work = await t.taken(1);
      const inked = await t.store.ink(work.holding, t.inkOf({ nextDueAtMs: t.now() + 2_300.3 }));
      expect(inked.dueAtMs).toBe(t.now() + 2_301);
      expect(await t.store.load(t.key)).toMatchObject({ dueAt: t.now() + 92_301 });
    });

    it.each<[string, () => Promise<unknown>, string]>([
      ["a duplicate while the lease is live", () => t.take(1), "leaseLive"],
      ["a newer ticket while the lease is live", () => t.take(9), "leaseLive"],
      ["an older ticket", () => t.take(0), "ticketDone"],
    ])("refuses %s", async (_name, again, verdict) => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.taken(1);
      expect(await again()).toBe(verdict);
    });

    it("refuses a message that arrives again after its ticket is done", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.ink(work.holding, t.inkOf());
      expect(await t.take(1)).toBe("ticketDone");
    });

    it("refuses work nobody scheduled", async () => {
      expect(await t.take(1)).toBe("unknown");
    });

    it("accepts messages out of order: an older one does the newer one's work", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.ink(work.holding, t.inkOf());
      expect(await t.take(2)).toBe("ticketDone");
      expect((await t.store.load(t.key))?.ticket).toBe(3);
    });

    it("lets exactly one of many takers have the lease", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const results = await Promise.all(Array.from({ length: 5 }, () => t.take(1)));
      expect(results.filter((result) => typeof result !== "string")).toHaveLength(1);
      expect(results.filter((result) => result === "leaseLive")).toHaveLength(4);
    });

    it("lets another worker in once the lease has run out", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.taken(1);
      t.pass(LEASE_MS);
      expect(await t.take(1)).toBe("leaseLive");
      t.pass(1);
      expect(await t.take(1)).toMatchObject({ row: { fence: 2 } });
    });
  });

  describe("a worker frozen past its lease", () => {
    it.each<[string, (holding: Holding & { ticket: number; identity: string }) => Promise<unknown>]>([
      ["pencil", (holding) => t.store.pencil(holding, t.intent, `${new Date(t.now()).toISOString()}#late`)],
      ["ink", (holding) => t.store.ink(holding, t.inkOf({ state: "stale" }))],
      ["release", (holding) => t.store.release(holding, t.now(), { posted: false })],
    ])("may not %s after somebody else took the work", async (_name, write) => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const frozen = await t.taken(1);
      t.pass(LEASE_MS + 1);
      const other = await t.taken(1);
      const before = await t.store.load(t.key);
      await expect(write(frozen.holding)).rejects.toThrow(LeaseLostError);
      expect(await t.store.load(t.key)).toEqual(before);
      expect(await t.store.loadState(t.key)).toBeUndefined();
      await t.store.ink(other.holding, t.inkOf());
    });

    it("may not pencil even when nobody took the work", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const frozen = await t.taken(1);
      t.pass(LEASE_MS);
      await expect(t.store.pencil(frozen.holding, t.intent, "late")).rejects.toThrow(LeaseLostError);
    });
  });
}
