import { describe, expect, it } from "vitest";
import type { Registration } from "../../../lib/registry/registration.ts";
import { LeaseLostError } from "../../../lib/work/verdict.ts";
import { FAR_MS, LEASE_MS, type WorkStoreFixture } from "./fixture.ts";

/** What is saved under the fence. */
export function ledgerContract(t: WorkStoreFixture): void {
  describe("pencil", () => {
    it("saves the state for whoever comes after a kill", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.pencil(work.holding, t.intent, `${new Date(t.now()).toISOString()}#1`);
      t.pass(LEASE_MS + 1);
      const next = await t.taken(1);
      expect(next.state).toMatchObject({ identity: t.registration.identity, state: { step: 1 } });
    });

    it("keeps the status that was inked last", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const first = await t.taken(1);
      await t.store.ink(first.holding, t.inkOf());
      const second = await t.taken(2);
      await t.store.pencil(second.holding, t.intent, `${new Date(t.now()).toISOString()}#2`);
      expect(await t.store.loadState(t.key)).toMatchObject({ state: { step: 1 }, status: { phase: "Progressing" } });
    });

    it("takes a status along, for a resource whose status lives here", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      const intent = { ...t.intent, status: { phase: "Progressing", conditions: [] } };
      await t.store.pencil(work.holding, intent, `${new Date(t.now()).toISOString()}#s`);
      expect(await t.store.loadState(t.key)).toMatchObject({ state: { step: 1 }, status: { phase: "Progressing" } });
    });

    it.each<[string, Partial<Registration>]>([
      ["registered anew", { identity: "another@2026-02-02T00:00:00Z" }],
      ["deregistered", { state: "Deregistered" }],
    ])("is refused when the cluster was %s", async (_name, changes) => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.subject.register({ ...t.registration, ...changes });
      await expect(t.store.pencil(work.holding, t.intent, "x")).rejects.toThrow(LeaseLostError);
      expect(await t.store.loadState(t.key)).toBeUndefined();
    });
  });

  describe("ink", () => {
    it("finishes the ticket, frees the lease and schedules the next one", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      const auditId = `${new Date(t.now()).toISOString()}#3`;
      await t.store.pencil(work.holding, t.intent, auditId);
      const outcomes = [{ ...t.intent.actions[0]!, result: "done" as const }];
      await t.store.recordOutcomes(t.key, auditId, outcomes);
      const inked = await t.store.ink(work.holding, t.inkOf({ auditId, outcomes }));
      expect(inked).toEqual({ ticket: 2, dueAtMs: t.now() + 30_000, posted: true });
      expect(await t.store.load(t.key)).toMatchObject({
        ticket: 2,
        ticketDone: 1,
        leaseUntil: 0,
        dueAt: t.now() + 120_000,
      });
      expect(await t.store.loadState(t.key)).toMatchObject({ state: { step: 2 }, status: { phase: "Progressing" } });
    });

    it("leaves what is due later to dispatch", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      const nextDueAtMs = t.now() + 300_000;
      expect(await t.store.ink(work.holding, t.inkOf({ nextDueAtMs, posted: false }))).toEqual({
        ticket: 2,
        dueAtMs: nextDueAtMs,
        posted: false,
      });
      expect(await t.due(t.now(), nextDueAtMs)).toEqual([{ key: t.key, dueAt: nextDueAtMs }]);
    });

    it("makes work that was scheduled meanwhile due now, to be posted by the worker", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.schedule(t.key, t.now(), { posted: true });
      expect(await t.take(2)).toBe("leaseLive");
      const inked = await t.store.ink(work.holding, t.inkOf({ nextDueAtMs: t.now() + 300_000, posted: false }));
      expect(inked).toEqual({ ticket: 2, dueAtMs: t.now(), posted: true });
      expect(await t.store.load(t.key)).toMatchObject({ ticket: 2, ticketDone: 1, dueAt: t.now() + 90_000 });
      expect(await t.take(2)).toMatchObject({ row: { fence: 2 } });
    });

    it("keeps the newest ticket when several were scheduled meanwhile", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.store.schedule(t.key, t.now(), { posted: true });
      expect(await t.store.ink(work.holding, t.inkOf())).toMatchObject({ ticket: 3, dueAtMs: t.now(), posted: true });
      expect(await t.take(3)).toMatchObject({ row: { ticket: 3, ticketDone: 1 } });
    });

    it("leaves even work that is due now to dispatch at the hop limit", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.schedule(t.key, t.now(), { posted: true });
      expect(await t.store.ink(work.holding, t.inkOf({ leaveToDispatch: true }))).toMatchObject({
        posted: false,
        dueAtMs: t.now(),
      });
      expect(await t.due(t.now(), t.now())).toHaveLength(1);
    });

    it("succeeds again without effect when it is repeated", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.ink(work.holding, t.inkOf());
      const before = await t.store.load(t.key);
      await t.store.ink(work.holding, t.inkOf());
      expect(await t.store.load(t.key)).toEqual(before);
    });

    it("is won by one of two: the one whose fence is the newest", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const first = await t.taken(1);
      t.pass(LEASE_MS + 1);
      const second = await t.taken(1);
      const results = await Promise.allSettled([
        t.store.ink(first.holding, t.inkOf({ state: 1 })),
        t.store.ink(second.holding, t.inkOf({ state: 2 })),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
      expect(await t.store.loadState(t.key)).toMatchObject({ state: 2 });
    });

    it("keeps JSON as it is", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      const state = {
        text: "",
        list: [1, 2.5, "three", null, true],
        nested: { deep: { "a.b/c": [] } },
        big: 1_793_000_000_000,
      };
      await t.store.ink(work.holding, t.inkOf({ state }));
      expect((await t.store.loadState(t.key))?.state).toEqual(state);
    });
  });

  describe("release", () => {
    it("frees the lease, keeps the ticket open and the work due", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.release(work.holding, t.now() + 10_000, { posted: false });
      expect(await t.due(t.now(), t.now() + 10_000)).toEqual([{ key: t.key, dueAt: t.now() + 10_000 }]);
      expect(await t.take(1)).toMatchObject({ row: { fence: 2, ticket: 1 } });
    });
  });

  describe("release with its message on the way back", () => {
    it("leaves the work out of dispatch's sight until the message counts as lost", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      await t.store.release(work.holding, t.now() + 10_000, { posted: true });
      expect(await t.due(t.now() + 99_999, t.now() + FAR_MS)).toEqual([]);
      expect(await t.due(t.now() + 100_000, t.now() + 100_000)).toHaveLength(1);
      expect(await t.take(1)).toMatchObject({ row: { fence: 2 } });
    });
  });
}
