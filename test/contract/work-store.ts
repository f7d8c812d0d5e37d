import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Registration } from "../../lib/registry/registration.ts";
import type { WorkKey } from "../../lib/work/keys.ts";
import { SHARDS } from "../../lib/work/shard.ts";
import type { Holding, InkResult, TakenWork, WorkStore } from "../../lib/work/store.ts";
import { LeaseLostError } from "../../lib/work/verdict.ts";
import { registrationOf } from "../fakes/registration.ts";

/** One implementation, and what a test does around it. */
export interface WorkStoreSubject {
  store: WorkStore;
  /** The clock the store was given; starts anywhere. */
  clock: { nowMs: number };
  register(registration: Registration): Promise<void>;
  /** The next write is applied, but its first reply is lost and the SDK sends it again. Absent where nothing can be lost. */
  loseNextReply?(): void;
}

const LEASE_MS = 135_000;
const FAR_MS = 24 * 3_600_000;

/** What every `WorkStore` does; run on the fake and on DynamoDB. */
export function workStoreContract(open: () => Promise<WorkStoreSubject>): void {
  let subject: WorkStoreSubject;
  let store: WorkStore;
  let key: WorkKey;
  let registration: Registration;

  beforeEach(async () => {
    subject = await open();
    store = subject.store;
    registration = registrationOf(`cluster-${randomUUID()}`);
    key = { cluster: registration.name, home: "cluster", kind: "MultiAZRollout", namespace: "mimir", name: "ingester" };
    await subject.register(registration);
  });

  const now = () => subject.clock.nowMs;
  const pass = (ms: number) => {
    subject.clock.nowMs += ms;
  };
  const due = async (nowMs: number, untilMs: number) => {
    const shards = await Promise.all(
      Array.from({ length: SHARDS }, (_, shard) => store.listDue(shard, nowMs, untilMs)),
    );
    return shards.flat().filter((row) => row.key.cluster === key.cluster);
  };
  const take = (ticket: number, owner: string = randomUUID()) =>
    store.take(key, ticket, { owner, nowMs: now(), leaseUntilMs: now() + LEASE_MS });
  const taken = async (
    ticket: number,
  ): Promise<TakenWork & { holding: Holding & { ticket: number; identity: string } }> => {
    const owner = randomUUID();
    const work = await take(ticket, owner);
    if (typeof work === "string") throw new Error(`Expected to take, but: ${work}`);
    const { fence, ticket: rowTicket } = work.row;
    return { ...work, holding: { key, fence, owner, ticket: rowTicket, identity: registration.identity } };
  };
  const inkOf = (changes: Partial<InkResult> = {}): InkResult => ({
    state: { step: 2 },
    status: { phase: "Progressing", conditions: [] },
    outcomes: [],
    nextDueAtMs: now() + 30_000,
    posted: true,
    ...changes,
  });
  const intent = {
    actions: [{ kind: "DeletePod", object: "mimir/ingester-0", reason: "Outdated" }],
    state: { step: 1 },
  };

  describe("schedule", () => {
    it("creates the row with its first ticket and puts it into the due index", async () => {
      expect(await store.schedule(key, now() + 100_000, { posted: false })).toEqual({ ticket: 1 });
      expect(await store.load(key)).toMatchObject({
        key,
        ticket: 1,
        ticketDone: 0,
        dueAt: now() + 100_000,
        fence: 0,
        leaseUntil: 0,
      });
      expect(await due(now(), now() + 150_000)).toEqual([{ key, dueAt: now() + 100_000 }]);
      expect(await due(now(), now() + 99_999)).toEqual([]);
    });

    it("grows the ticket by one each time", async () => {
      await store.schedule(key, now(), { posted: true });
      await store.schedule(key, now(), { posted: true });
      expect(await store.schedule(key, now(), { posted: false })).toEqual({ ticket: 3 });
    });

    it("leaves a posted row out of dispatch's sight until its message counts as lost", async () => {
      await store.schedule(key, now(), { posted: true });
      expect(await due(now() + 89_999, now() + FAR_MS)).toEqual([]);
      expect(await due(now() + 90_000, now() + 90_000)).toHaveLength(1);
    });

    it("never makes earlier work later unless a message goes with it", async () => {
      await store.schedule(key, now() + 10_000, { posted: false });
      await store.schedule(key, now() + 600_000, { posted: false });
      expect(await due(now(), now() + 10_000)).toHaveLength(1);
    });

    it("makes later work earlier", async () => {
      await store.schedule(key, now() + 600_000, { posted: false });
      await store.schedule(key, now() + 10_000, { posted: false });
      expect(await due(now(), now() + 10_000)).toHaveLength(1);
    });

    it.each([
      ["for later", FAR_MS, false],
      ["for now, with a message", 0, true],
    ])("%s only grows the ticket while a lease is held", async (_name, inMs, posted) => {
      await store.schedule(key, now(), { posted: true });
      await taken(1);
      const before = await store.load(key);
      await store.schedule(key, now() + inMs, { posted });
      expect(await store.load(key)).toMatchObject({ ticket: 2, dueAt: before?.dueAt, dueShard: before?.dueShard });
    });

    it("counts every one of many at the same time", async () => {
      await Promise.all(Array.from({ length: 4 }, () => store.schedule(key, now(), { posted: true })));
      expect((await store.load(key))?.ticket).toBe(4);
    });
  });

  describe("claim", () => {
    it("claims a row once", async () => {
      await store.schedule(key, now() + 20_000, { posted: false });
      const [row] = await due(now(), now() + 150_000);
      expect(row).toBeDefined();
      const seen = row?.dueAt ?? 0;
      expect(await store.claim(key, seen, now() + 110_000)).toEqual({ ticket: 1 });
      expect(await store.claim(key, seen, now() + 110_001)).toBeUndefined();
      expect(await due(now() + 109_999, now() + FAR_MS)).toEqual([]);
      expect(await due(now() + 110_000, now() + 110_000)).toHaveLength(1);
    });

    it("does not claim what is due at another time by now", async () => {
      await store.schedule(key, now() + 20_000, { posted: false });
      await store.schedule(key, now() + 10_000, { posted: false });
      expect(await store.claim(key, now() + 20_000, now() + 110_000)).toBeUndefined();
    });

    it("does not claim what is not there", async () => {
      expect(await store.claim(key, now(), now() + 110_000)).toBeUndefined();
    });

    it("lets one of two dispatchers have the row", async () => {
      await store.schedule(key, now() + 20_000, { posted: false });
      const claims = await Promise.all(
        [1, 2].map((index) => store.claim(key, now() + 20_000, now() + 110_000 + index)),
      );
      expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1);
    });
  });

  describe("take", () => {
    it("gives row, state and registration to the taker, with a fence that grows", async () => {
      await store.schedule(key, now(), { posted: true });
      const first = await taken(1);
      expect(first).toMatchObject({ state: undefined, registration: { name: key.cluster } });
      expect(first.row).toMatchObject({
        ticket: 1,
        fence: 1,
        leaseUntil: now() + LEASE_MS,
        dueAt: now() + LEASE_MS + 5_000,
      });
      await store.ink(first.holding, inkOf());
      const second = await taken(2);
      expect(second.row.fence).toBe(2);
      expect(second.state).toMatchObject({ identity: registration.identity, state: { step: 2 } });
    });

    it.each<[string, () => Promise<unknown>, string]>([
      ["a duplicate while the lease is live", () => take(1), "leaseLive"],
      ["a newer ticket while the lease is live", () => take(9), "leaseLive"],
      ["an older ticket", () => take(0), "ticketDone"],
    ])("refuses %s", async (_name, again, verdict) => {
      await store.schedule(key, now(), { posted: true });
      await taken(1);
      expect(await again()).toBe(verdict);
    });

    it("refuses a message that arrives again after its ticket is done", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.ink(work.holding, inkOf());
      expect(await take(1)).toBe("ticketDone");
    });

    it("refuses work nobody scheduled", async () => {
      expect(await take(1)).toBe("unknown");
    });

    it("accepts messages out of order: an older one does the newer one's work", async () => {
      await store.schedule(key, now(), { posted: true });
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.ink(work.holding, inkOf());
      expect(await take(2)).toBe("ticketDone");
      expect((await store.load(key))?.ticket).toBe(3);
    });

    it("lets exactly one of many takers have the lease", async () => {
      await store.schedule(key, now(), { posted: true });
      const results = await Promise.all(Array.from({ length: 5 }, () => take(1)));
      expect(results.filter((result) => typeof result !== "string")).toHaveLength(1);
      expect(results.filter((result) => result === "leaseLive")).toHaveLength(4);
    });

    it("lets another worker in once the lease has run out", async () => {
      await store.schedule(key, now(), { posted: true });
      await taken(1);
      pass(LEASE_MS);
      expect(await take(1)).toBe("leaseLive");
      pass(1);
      expect(await take(1)).toMatchObject({ row: { fence: 2 } });
    });
  });

  describe("a worker frozen past its lease", () => {
    it.each<[string, (holding: Holding & { ticket: number; identity: string }) => Promise<unknown>]>([
      ["pencil", (holding) => store.pencil(holding, intent, `${new Date(now()).toISOString()}#late`)],
      ["ink", (holding) => store.ink(holding, inkOf({ state: "stale" }))],
      ["release", (holding) => store.release(holding, now(), { posted: false })],
    ])("may not %s after somebody else took the work", async (_name, write) => {
      await store.schedule(key, now(), { posted: true });
      const frozen = await taken(1);
      pass(LEASE_MS + 1);
      const other = await taken(1);
      const before = await store.load(key);
      await expect(write(frozen.holding)).rejects.toThrow(LeaseLostError);
      expect(await store.load(key)).toEqual(before);
      expect(await store.loadState(key)).toBeUndefined();
      await store.ink(other.holding, inkOf());
    });

    it("may not pencil even when nobody took the work", async () => {
      await store.schedule(key, now(), { posted: true });
      const frozen = await taken(1);
      pass(LEASE_MS);
      await expect(store.pencil(frozen.holding, intent, "late")).rejects.toThrow(LeaseLostError);
    });
  });

  describe("pencil", () => {
    it("saves the state for whoever comes after a kill", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.pencil(work.holding, intent, `${new Date(now()).toISOString()}#1`);
      pass(LEASE_MS + 1);
      const next = await taken(1);
      expect(next.state).toMatchObject({ identity: registration.identity, state: { step: 1 } });
    });

    it("keeps the status that was inked last", async () => {
      await store.schedule(key, now(), { posted: true });
      const first = await taken(1);
      await store.ink(first.holding, inkOf());
      const second = await taken(2);
      await store.pencil(second.holding, intent, `${new Date(now()).toISOString()}#2`);
      expect(await store.loadState(key)).toMatchObject({ state: { step: 1 }, status: { phase: "Progressing" } });
    });

    it.each<[string, Partial<Registration>]>([
      ["registered anew", { identity: "another@2026-02-02T00:00:00Z" }],
      ["deregistered", { state: "Deregistered" }],
    ])("is refused when the cluster was %s", async (_name, changes) => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await subject.register({ ...registration, ...changes });
      await expect(store.pencil(work.holding, intent, "x")).rejects.toThrow(LeaseLostError);
      expect(await store.loadState(key)).toBeUndefined();
    });
  });

  describe("ink", () => {
    it("finishes the ticket, frees the lease and schedules the next one", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      const auditId = `${new Date(now()).toISOString()}#3`;
      await store.pencil(work.holding, intent, auditId);
      const outcomes = [{ ...intent.actions[0]!, result: "done" as const }];
      await store.recordOutcomes(key, auditId, outcomes);
      const inked = await store.ink(work.holding, inkOf({ auditId, outcomes }));
      expect(inked).toEqual({ ticket: 2, dueAtMs: now() + 30_000, posted: true });
      expect(await store.load(key)).toMatchObject({ ticket: 2, ticketDone: 1, leaseUntil: 0, dueAt: now() + 120_000 });
      expect(await store.loadState(key)).toMatchObject({ state: { step: 2 }, status: { phase: "Progressing" } });
    });

    it("leaves what is due later to dispatch", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      const nextDueAtMs = now() + 300_000;
      expect(await store.ink(work.holding, inkOf({ nextDueAtMs, posted: false }))).toEqual({
        ticket: 2,
        dueAtMs: nextDueAtMs,
        posted: false,
      });
      expect(await due(now(), nextDueAtMs)).toEqual([{ key, dueAt: nextDueAtMs }]);
    });

    it("makes work that was scheduled meanwhile due now, to be posted by the worker", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.schedule(key, now(), { posted: true });
      expect(await take(2)).toBe("leaseLive");
      const inked = await store.ink(work.holding, inkOf({ nextDueAtMs: now() + 300_000, posted: false }));
      expect(inked).toEqual({ ticket: 2, dueAtMs: now(), posted: true });
      expect(await store.load(key)).toMatchObject({ ticket: 2, ticketDone: 1, dueAt: now() + 90_000 });
      expect(await take(2)).toMatchObject({ row: { fence: 2 } });
    });

    it("keeps the newest ticket when several were scheduled meanwhile", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.schedule(key, now(), { posted: true });
      await store.schedule(key, now(), { posted: true });
      expect(await store.ink(work.holding, inkOf())).toMatchObject({ ticket: 3, dueAtMs: now(), posted: true });
      expect(await take(3)).toMatchObject({ row: { ticket: 3, ticketDone: 1 } });
    });

    it("leaves even work that is due now to dispatch at the hop limit", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.schedule(key, now(), { posted: true });
      expect(await store.ink(work.holding, inkOf({ leaveToDispatch: true }))).toMatchObject({
        posted: false,
        dueAtMs: now(),
      });
      expect(await due(now(), now())).toHaveLength(1);
    });

    it("succeeds again without effect when it is repeated", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.ink(work.holding, inkOf());
      const before = await store.load(key);
      await store.ink(work.holding, inkOf());
      expect(await store.load(key)).toEqual(before);
    });

    it("is won by one of two: the one whose fence is the newest", async () => {
      await store.schedule(key, now(), { posted: true });
      const first = await taken(1);
      pass(LEASE_MS + 1);
      const second = await taken(1);
      const results = await Promise.allSettled([
        store.ink(first.holding, inkOf({ state: 1 })),
        store.ink(second.holding, inkOf({ state: 2 })),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
      expect(await store.loadState(key)).toMatchObject({ state: 2 });
    });

    it("keeps JSON as it is", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      const state = {
        text: "",
        list: [1, 2.5, "three", null, true],
        nested: { deep: { "a.b/c": [] } },
        big: 1_793_000_000_000,
      };
      await store.ink(work.holding, inkOf({ state }));
      expect((await store.loadState(key))?.state).toEqual(state);
    });
  });

  describe("release", () => {
    it("frees the lease, keeps the ticket open and the work due", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.release(work.holding, now() + 10_000, { posted: false });
      expect(await due(now(), now() + 10_000)).toEqual([{ key, dueAt: now() + 10_000 }]);
      expect(await take(1)).toMatchObject({ row: { fence: 2, ticket: 1 } });
    });
  });

  describe("release with its message on the way back", () => {
    it("leaves the work out of dispatch's sight until the message counts as lost", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.release(work.holding, now() + 10_000, { posted: true });
      expect(await due(now() + 99_999, now() + FAR_MS)).toEqual([]);
      expect(await due(now() + 100_000, now() + 100_000)).toHaveLength(1);
      expect(await take(1)).toMatchObject({ row: { fence: 2 } });
    });
  });

  describe("look, list, forget", () => {
    it("shows a running worker what the table says now", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      expect(await store.look(key)).toMatchObject({
        row: { fence: work.row.fence },
        registration: { state: "Active" },
      });
    });

    it("lists the rows of one cluster with their states", async () => {
      const other = { ...key, name: "store-gateway" };
      await store.schedule(key, now(), { posted: true });
      await store.schedule(other, now(), { posted: false });
      const work = await taken(1);
      await store.ink(work.holding, inkOf());
      const listed = await store.listCluster(key.cluster);
      expect(listed.map(({ row, state }) => [row.key.name, state?.status])).toEqual([
        ["ingester", { phase: "Progressing", conditions: [] }],
        ["store-gateway", undefined],
      ]);
    });

    it("forgets a resource under its fence, and is content when it is gone already", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.ink(work.holding, inkOf());
      await store.forget(key, work.row.fence);
      expect(await store.load(key)).toBeUndefined();
      expect(await store.loadState(key)).toBeUndefined();
      expect(await due(now() + FAR_MS, now() + FAR_MS)).toEqual([]);
      await store.forget(key, work.row.fence);
    });

    it("does not forget what was taken or scheduled since", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      await store.schedule(key, now(), { posted: true });
      await expect(store.forget(key, 0)).rejects.toThrow(LeaseLostError);
      await expect(store.forget(key, work.row.fence, 1)).rejects.toThrow(LeaseLostError);
      expect(await store.load(key)).toMatchObject({ ticket: 2 });
    });
  });

  describe("a kill after any step", () => {
    const steps: [string, () => Promise<unknown>][] = [
      ["schedule without a message", () => store.schedule(key, now() + 200_000, { posted: false })],
      ["schedule before its message is sent", () => store.schedule(key, now(), { posted: true })],
      [
        "claim before its message is sent",
        async () => {
          await store.schedule(key, now(), { posted: false });
          await store.claim(key, now(), now() + 90_000);
        },
      ],
      [
        "take",
        async () => {
          await store.schedule(key, now(), { posted: true });
          await taken(1);
        },
      ],
      [
        "pencil",
        async () => {
          await store.schedule(key, now(), { posted: true });
          await store.pencil((await taken(1)).holding, intent, `${new Date(now()).toISOString()}#k`);
        },
      ],
      [
        "ink before its message is sent",
        async () => {
          await store.schedule(key, now(), { posted: true });
          await store.ink((await taken(1)).holding, inkOf());
        },
      ],
      [
        "ink that leaves the work to dispatch",
        async () => {
          await store.schedule(key, now(), { posted: true });
          await store.ink((await taken(1)).holding, inkOf({ posted: false, nextDueAtMs: now() + 300_000 }));
        },
      ],
      [
        "release",
        async () => {
          await store.schedule(key, now(), { posted: true });
          await store.release((await taken(1)).holding, now(), { posted: false });
        },
      ],
    ];
    it.each(steps)("%s: dispatch finds the work again and it can be taken", async (_name, step) => {
      await step();
      pass(400_000);
      const [row] = await due(now(), now() + 150_000);
      expect(row?.key).toEqual(key);
      const claimed = await store.claim(key, row?.dueAt ?? 0, now() + 90_000);
      expect(await take(claimed?.ticket ?? 0)).toMatchObject({ row: { key } });
    });
  });

  describe("a reply that is lost after the write was applied", () => {
    const losing = () => subject.loseNextReply?.();

    it("does not keep schedule from naming its ticket", async () => {
      losing();
      expect(await store.schedule(key, now(), { posted: true })).toEqual({ ticket: 1 });
      expect((await store.load(key))?.ticket).toBe(1);
    });

    it("does not keep claim from knowing that it claimed", async () => {
      await store.schedule(key, now(), { posted: false });
      losing();
      expect(await store.claim(key, now(), now() + 90_000)).toEqual({ ticket: 1 });
    });

    it("does not make a taker wait for its own lease", async () => {
      await store.schedule(key, now(), { posted: true });
      losing();
      expect(await take(1)).toMatchObject({ row: { fence: 1 } });
    });

    it("does not make pencil, ink or release believe the lease was lost", async () => {
      await store.schedule(key, now(), { posted: true });
      const work = await taken(1);
      losing();
      await store.pencil(work.holding, intent, `${new Date(now()).toISOString()}#l`);
      losing();
      expect(await store.ink(work.holding, inkOf())).toEqual({ ticket: 2, dueAtMs: now() + 30_000, posted: true });
      expect(await store.load(key)).toMatchObject({ ticket: 2, ticketDone: 1 });
      const again = await taken(2);
      losing();
      await store.release(again.holding, now(), { posted: false });
      expect(await store.load(key)).toMatchObject({ ticket: 2, leaseUntil: 0 });
    });
  });
}
