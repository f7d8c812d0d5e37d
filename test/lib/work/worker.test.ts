import { beforeEach, describe, expect, it } from "vitest";
import type { Reconciliation, Session } from "../../../lib/work/reconciler.ts";
import { type Verdict } from "../../../lib/work/verdict.ts";
import { runWork } from "../../../lib/work/worker.ts";
import { createFakeLane, KEY, reconciliationOf } from "../../fakes/lane.ts";
import { rowId } from "../../fakes/work-store.ts";

let reconcile: (session: Session) => Promise<Reconciliation>;
let lane: ReturnType<typeof createFakeLane>;

beforeEach(async () => {
  reconcile = async () => reconciliationOf();
  lane = createFakeLane((session) => reconcile(session));
  await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
});

const run = (ticket = 1, hops = 0) => runWork(lane.worker, lane.messageOf(ticket, { hops }), lane.deadline);
const row = () => lane.store.rows.get(rowId(KEY));
const state = () => lane.store.states.get(rowId(KEY));
const deletePod = { kind: "DeletePod", object: "mimir/ingester-0", reason: "Outdated" };

const stealLease = async () => {
  lane.clock.nowMs += 200_000;
  await lane.store.take(KEY, 1, { owner: "thief", nowMs: lane.clock.nowMs, leaseUntilMs: lane.clock.nowMs + 100_000 });
};

describe("a pass", () => {
  it("goes take → pencil → act → ink → post, and past every fault point", async () => {
    reconcile = async (session) => {
      await session.pencil({ actions: [deletePod], state: { pass: "pencilled" } });
      await session.faultPoint("after-delete");
      return reconciliationOf();
    };
    expect(await run()).toMatchObject({ outcome: "inked", nextDueInSeconds: 30 });
    expect(lane.points).toEqual(["send-take", "take-pencil", "pencil-act", "after-delete", "act-ink", "ink-post"]);
    expect(row()).toMatchObject({ ticket: 2, ticketDone: 1, leaseUntil: 0, fence: 1 });
    expect(lane.sent).toEqual([
      { message: { version: 1, key: KEY, ticket: 2, dueAt: lane.clock.nowMs + 30_000, hops: 0 }, delaySeconds: 30 },
    ]);
  });

  it.each<[Verdict, { posted: number[]; dueInMs: number; shard: string }]>([
    [
      { type: "settled", seconds: 30 },
      { posted: [30], dueInMs: 120_000, shard: "posted#" },
    ],
    [
      { type: "settled", seconds: 300 },
      { posted: [], dueInMs: 300_000, shard: "due#" },
    ],
    [
      { type: "requeueAfter", seconds: 0 },
      { posted: [0], dueInMs: 90_000, shard: "posted#" },
    ],
    [
      { type: "requeueAfter", seconds: 2 },
      { posted: [2], dueInMs: 92_000, shard: "posted#" },
    ],
    [
      { type: "stalled", seconds: 300 },
      { posted: [], dueInMs: 300_000, shard: "due#" },
    ],
  ])("with verdict %j comes back as it should", async (verdict, expected) => {
    reconcile = async () => reconciliationOf({ verdict });
    await run();
    expect(lane.sent.map(({ delaySeconds }) => delaySeconds)).toEqual(expected.posted);
    expect(row()?.dueAt).toBe(lane.clock.nowMs + expected.dueInMs);
    expect(row()?.dueShard.startsWith(expected.shard)).toBe(true);
  });

  it("counts how late the work was taken", async () => {
    const message = lane.messageOf(1);
    lane.clock.nowMs += 1_500;
    await runWork(lane.worker, message, lane.deadline);
    expect(lane.counted).toContainEqual({ name: "DueToTakenLag", value: 1_500 });
  });

  it("sends its events after ink, and none when the ink was not its own", async () => {
    reconcile = async (session) => {
      session.emit({ detailType: "Rollout Started", detail: {} });
      if (row()?.fence === 1) await stealLease();
      return reconciliationOf();
    };
    expect(await run()).toEqual({ outcome: "leaseLost" });
    expect(lane.events).toEqual([]);
    await lane.store.release({ key: KEY, fence: 2, owner: "thief" }, lane.clock.nowMs, { posted: false });
    await runWork(lane.worker, lane.messageOf(1), { remainingMs: () => 120_000 });
    expect(lane.events).toEqual([{ detailType: "Rollout Started", detail: {} }]);
  });

  it("keeps intent and outcomes in the audit row", async () => {
    reconcile = async (session) => {
      await session.pencil({ actions: [deletePod], state: {} });
      session.record([{ ...deletePod, result: "done" }]);
      await session.pencil({ actions: [{ ...deletePod, object: "mimir/ingester-1" }], state: {} });
      session.record([{ ...deletePod, object: "mimir/ingester-1", result: "preconditionFailed" }]);
      return reconciliationOf();
    };
    await run();
    expect(
      [...lane.store.audit.values()].map(({ intended, outcomes }) => [
        intended[0]?.object,
        outcomes.map((one) => one.result),
      ]),
    ).toEqual([
      ["mimir/ingester-0", ["done"]],
      ["mimir/ingester-1", ["preconditionFailed"]],
    ]);
  });

  it("keeps the outcomes of one batch out of the audit row of the next", async () => {
    const outcome = { ...deletePod, result: "done" as const };
    reconcile = async (session) => {
      await session.pencil({ actions: [deletePod], state: {} });
      session.record([outcome]);
      await session.pencil({ actions: [{ ...deletePod, object: "mimir/ingester-1" }], state: {} });
      return { ...reconciliationOf(), actions: [outcome] };
    };
    await run();
    expect([...lane.store.audit.values()].map(({ outcomes }) => outcomes.length)).toEqual([1, 0]);
  });

  it("lets work scheduled meanwhile start at once", async () => {
    reconcile = async (session) => {
      await lane.store.schedule(KEY, session.now(), { posted: true });
      expect(await session.interruption()).toMatchObject({ reason: "Superseded" });
      return reconciliationOf({ verdict: { type: "settled", seconds: 3_600 } });
    };
    expect(await run()).toMatchObject({ outcome: "inked", nextDueInSeconds: 0 });
    expect(lane.sent.map(({ message, delaySeconds }) => [message.ticket, delaySeconds])).toEqual([[2, 0]]);
  });
});

describe("a message that leads to no work", () => {
  it("is acknowledged when its ticket is done", async () => {
    await run();
    lane.sent.length = 0;
    expect(await run(1)).toEqual({ outcome: "ticketDone" });
    expect(lane.sent).toEqual([]);
  });

  it("is acknowledged while another worker holds the lease", async () => {
    await lane.store.take(KEY, 1, {
      owner: "other",
      nowMs: lane.clock.nowMs,
      leaseUntilMs: lane.clock.nowMs + 100_000,
    });
    expect(await run()).toEqual({ outcome: "leaseLive" });
  });

  it("is acknowledged when nobody knows the resource", async () => {
    lane.store.rows.clear();
    expect(await run()).toEqual({ outcome: "unknown" });
  });

  it("runs once when it comes twice at the same time", async () => {
    let passes = 0;
    reconcile = async () => {
      passes += 1;
      return reconciliationOf();
    };
    const results = await Promise.all([run(), run()]);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(["inked", "leaseLive"]);
    expect(passes).toBe(1);
    expect(lane.sent).toHaveLength(1);
  });
});

describe("a worker frozen past its lease", () => {
  it("may not write, and its pencil and ink fail on the fence", async () => {
    let mayWrite: boolean | undefined;
    reconcile = async (session) => {
      expect(session.lease.mayWrite()).toBe(true);
      await stealLease();
      mayWrite = session.lease.mayWrite();
      expect(session.lease.remainingMs()).toBeLessThan(0);
      expect(await session.interruption()).toMatchObject({ reason: "LeaseLost" });
      await session.pencil({ actions: [deletePod], state: "stale" });
      return reconciliationOf();
    };
    expect(await run()).toEqual({ outcome: "leaseLost" });
    expect(mayWrite).toBe(false);
    expect(state()).toBeUndefined();
    expect(row()).toMatchObject({ owner: "thief", fence: 2 });
  });
});

describe("work that feeds itself", () => {
  it("is left to dispatch after twelve quick passes that change nothing", async () => {
    reconcile = async () => reconciliationOf({ verdict: { type: "requeueAfter", seconds: 1 } });
    await run();
    let passes = 1;
    for (let posting = lane.sent.shift(); posting !== undefined; posting = lane.sent.shift()) {
      lane.clock.nowMs += posting.delaySeconds * 1000;
      await runWork(lane.worker, posting.message, { remainingMs: () => 120_000 });
      passes += 1;
    }
    // The first pass changed the phase, so the count began after it.
    expect(passes).toBe(13);
    expect(row()?.dueShard).toMatch(/^due#/);
    expect(row()?.dueAt).toBe(lane.clock.nowMs + 1_000);
  });

  it("goes on for ever at an interval of 30 s", async () => {
    reconcile = async () => reconciliationOf({ verdict: { type: "settled", seconds: 30 } });
    await run();
    for (let pass = 0; pass < 40; pass += 1) {
      const posting = lane.sent.shift();
      expect(posting).toBeDefined();
      lane.clock.nowMs += 30_000;
      if (posting !== undefined) await runWork(lane.worker, posting.message, { remainingMs: () => 120_000 });
    }
  });

  it("goes on while it gets something done", async () => {
    reconcile = async () =>
      reconciliationOf({ verdict: { type: "requeueAfter", seconds: 0 }, actions: [{ ...deletePod, result: "done" }] });
    await run(1, 11);
    expect(lane.sent[0]?.message.hops).toBe(0);
  });
});
