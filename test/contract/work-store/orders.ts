import { describe, expect, it } from "vitest";
import { LeaseLostError } from "../../../lib/work/verdict.ts";
import { LEASE_MS, type WorkStoreFixture } from "./fixture.ts";

const ORDERS = { paused: { at: "2026-11-01T00:00:00Z", by: "anna" }, approved: ["a", "b"] };

/** What people order, which no worker may lose; and the status saved while work goes on. */
export function ordersContract(t: WorkStoreFixture): void {
  const entry = (id = "o") => ({
    auditId: `${new Date(t.now()).toISOString()}#${id}`,
    action: { kind: "PauseRollout", object: "mimir/ingester", reason: "Ordered" },
    by: "anna",
  });
  const order = (orders: unknown = ORDERS) => t.store.order(t.key, () => orders, entry());
  const ordersOf = async () => (await t.store.load(t.key))?.orders;

  describe("order", () => {
    it("is on the row at once, and changes nothing else of it", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const before = await t.store.load(t.key);
      expect(await order()).toBe(true);
      expect(await t.store.load(t.key)).toEqual({ ...before, orders: ORDERS });
    });

    it("is refused where there is no such resource, and makes no row", async () => {
      expect(await order()).toBe(false);
      expect(await t.store.load(t.key)).toBeUndefined();
    });

    it("builds on what was ordered before", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const add = (what: string) =>
        t.store.order(t.key, (orders) => [...((orders as string[] | undefined) ?? []), what], entry(what));
      await add("first");
      await add("second");
      expect(await ordersOf()).toEqual(["first", "second"]);
    });

    it("loses none of many at the same time", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const all = ["a", "b", "c"];
      await Promise.all(
        all.map((what) =>
          t.store.order(t.key, (orders) => [...((orders as string[] | undefined) ?? []), what], entry(what)),
        ),
      );
      expect(((await ordersOf()) as string[]).toSorted()).toEqual(all);
    });

    it("needs no lease: a running worker finds it when it looks, and goes on holding the work", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const work = await t.taken(1);
      expect(work.row.orders).toBeUndefined();
      await order();
      expect((await t.store.look(t.key)).row).toEqual({ ...work.row, orders: ORDERS });
      await t.store.pencil(work.holding, t.intent, `${new Date(t.now()).toISOString()}#p`);
      await t.store.ink(work.holding, t.inkOf());
    });

    it("comes with the next take", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await order();
      expect((await t.taken(1)).row.orders).toEqual(ORDERS);
    });

    it("leaves the state to the worker", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.store.ink((await t.taken(1)).holding, t.inkOf());
      const before = await t.store.loadState(t.key);
      await order();
      expect(await t.store.loadState(t.key)).toEqual(before);
    });

    it("is not written when it is no order", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const refuse = () => {
        throw new Error("that is no order");
      };
      await expect(t.store.order(t.key, refuse, entry())).rejects.toThrow("that is no order");
      expect(await ordersOf()).toBeUndefined();
    });

    const writes: [string, () => Promise<unknown>][] = [
      ["schedule", () => t.store.schedule(t.key, t.now() + 1_000, { posted: false })],
      ["claim", async () => t.store.claim(t.key, (await t.store.load(t.key))?.dueAt ?? 0, t.now() + 90_000)],
      ["take", () => t.taken(1)],
      [
        "pencil",
        async () => t.store.pencil((await t.taken(1)).holding, t.intent, `${new Date(t.now()).toISOString()}#k`),
      ],
      ["ink", async () => t.store.ink((await t.taken(1)).holding, t.inkOf())],
      ["release", async () => t.store.release((await t.taken(1)).holding, t.now(), { posted: false })],
      [
        "a take after the worker before died",
        async () => {
          await t.taken(1);
          t.pass(LEASE_MS + 1);
          await t.taken(1);
        },
      ],
    ];
    it.each(writes)("outlives %s", async (_name, write) => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await order();
      await write();
      expect(await ordersOf()).toEqual(ORDERS);
    });

    it.each(writes.slice(3, 6))("that comes while the work is held outlives %s", async (name, _write) => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const { holding } = await t.taken(1);
      await order();
      if (name === "pencil") await t.store.pencil(holding, t.intent, `${new Date(t.now()).toISOString()}#k`);
      else if (name === "ink") await t.store.ink(holding, t.inkOf());
      else await t.store.release(holding, t.now(), { posted: false });
      expect(await ordersOf()).toEqual(ORDERS);
    });

    it("is not undone by a schedule that read the row before", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await Promise.all([
        order(),
        ...Array.from({ length: 3 }, () => t.store.schedule(t.key, t.now(), { posted: true })),
      ]);
      expect(await t.store.load(t.key)).toMatchObject({ ticket: 4, orders: ORDERS });
    });

    it("goes when the resource is forgotten", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await order();
      await t.store.forget(t.key, 0);
      await t.store.schedule(t.key, t.now(), { posted: true });
      expect(await ordersOf()).toBeUndefined();
    });

    it("is written once when its reply is lost", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      t.subject.loseNextReply?.();
      expect(await t.store.order(t.key, (orders) => (orders === undefined ? 1 : 2), entry())).toBe(true);
      expect(await ordersOf()).toBe(1);
    });

    it("reaches a taker whose reply is lost", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await order();
      t.subject.loseNextReply?.();
      expect(await t.take(1)).toMatchObject({ row: { orders: ORDERS } });
    });
  });

  describe("a status saved while work goes on", () => {
    const status = { phase: "Held", conditions: [] };

    it("is what people are told, and leaves the state as it is", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const { holding } = await t.taken(1);
      await t.store.saveStatus(holding, status);
      expect(await t.store.loadState(t.key)).toMatchObject({ status });
      await t.store.pencil(holding, t.intent, `${new Date(t.now()).toISOString()}#s`);
      expect(await t.store.loadState(t.key)).toMatchObject({ status, state: { step: 1 } });
      await t.store.saveStatus(holding, { phase: "Progressing", conditions: [] });
      expect(await t.store.loadState(t.key)).toMatchObject({ status: { phase: "Progressing" }, state: { step: 1 } });
    });

    it("is not put beside the state of another registration", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      await t.store.ink((await t.taken(1)).holding, t.inkOf());
      const before = await t.store.loadState(t.key);
      const { holding } = await t.taken(2);
      await t.store.saveStatus({ ...holding, identity: "another" }, status);
      expect(await t.store.loadState(t.key)).toEqual(before);
    });

    it("is refused to a worker that lost the work, or whose lease has run out", async () => {
      await t.store.schedule(t.key, t.now(), { posted: true });
      const { holding } = await t.taken(1);
      t.pass(LEASE_MS + 1);
      await expect(t.store.saveStatus(holding, status)).rejects.toThrow(LeaseLostError);
      await t.taken(1);
      await expect(t.store.saveStatus(holding, status)).rejects.toThrow(LeaseLostError);
      expect(await t.store.loadState(t.key)).toBeUndefined();
    });
  });
}
