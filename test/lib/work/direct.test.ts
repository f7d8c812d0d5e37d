import { describe, expect, it } from "vitest";
import { ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { runDirect } from "../../../lib/work/direct.ts";
import type { OrderContext, OrderDecision, Reconciliation, Session } from "../../../lib/work/reconciler.ts";
import { runWork } from "../../../lib/work/worker.ts";
import { createFakeLane, KEY, reconciliationOf } from "../../fakes/lane.ts";
import { registrationOf } from "../../fakes/registration.ts";
import { rowId } from "../../fakes/work-store.ts";

const request = { action: "reconcile" as const, key: KEY };

describe("a pass asked for by a person", () => {
  it("answers with what was done and when it is looked at again", async () => {
    const action = { kind: "DeletePod", object: "mimir/ingester-0", reason: "Outdated", result: "done" as const };
    const lane = createFakeLane(async (session) => {
      expect(session.trigger).toBe("direct");
      return reconciliationOf({ actions: [action], status: { phase: "Progressing", conditions: [] } });
    });
    await lane.store.schedule(KEY, lane.clock.nowMs + 500_000, { posted: false });
    expect(await runDirect(lane.worker, request, lane.deadline)).toEqual({
      actions: [action],
      conditions: [],
      phase: "Progressing",
      nextDueInSeconds: 30,
    });
    expect(lane.store.rows.get(rowId(KEY))).toMatchObject({ ticket: 2, ticketDone: 1 });
  });

  it("creates the row of a resource that was not found yet", async () => {
    const lane = createFakeLane();
    expect(await runDirect(lane.worker, request, lane.deadline)).toMatchObject({ phase: "Idle" });
    expect(lane.store.rows.get(rowId(KEY))).toMatchObject({ ticket: 2 });
  });

  const gone = reconciliationOf({ status: { phase: "Gone", conditions: [] } });
  const noSuch = {
    error: {
      object: expect.any(String),
      cause: "there is no such resource",
      nextStep: expect.any(String),
    },
  };

  it("fails for a resource that does not exist, and keeps no row of its name", async () => {
    const lane = createFakeLane(async () => gone);
    expect(await runDirect(lane.worker, request, lane.deadline)).toEqual(noSuch);
    expect(lane.store.rows.has(rowId(KEY))).toBe(false);
  });

  it.each(["before", "after"])("keeps the row of a resource that is found just %s its pass is saved", async (when) => {
    const lane = createFakeLane(async () => gone);
    const ink = lane.store.ink.bind(lane.store);
    const find = () => lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
    lane.store.ink = async (...given) => {
      if (when === "before") await find();
      const inked = await ink(...given);
      if (when === "after") await find();
      return inked;
    };
    expect(await runDirect(lane.worker, request, lane.deadline)).toEqual(noSuch);
    expect(lane.store.rows.get(rowId(KEY))).toMatchObject({ ticketDone: 1 });
  });

  it("leaves the row of a resource that has gone to the discovery pass", async () => {
    const lane = createFakeLane(async () => gone);
    await lane.store.schedule(KEY, lane.clock.nowMs, { posted: false });
    expect(await runDirect(lane.worker, request, lane.deadline)).toEqual(noSuch);
    expect(lane.store.rows.has(rowId(KEY))).toBe(true);
  });

  it("names every problem of a request that is none", async () => {
    const lane = createFakeLane();
    expect(await runDirect(lane.worker, { action: "reconcile", key: { ...KEY, name: "" } }, lane.deadline)).toEqual({
      error: {
        object: "request",
        cause: expect.stringMatching(/key\.name: (is missing|must not be empty)/),
        nextStep: expect.any(String),
      },
    });
  });

  it.each<[string, (lane: ReturnType<typeof createFakeLane>) => unknown, string]>([
    ["an unknown cluster", (lane) => lane.store.registrations.clear(), "is not registered"],
    [
      "a live lease",
      async (lane) => {
        await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
        await lane.store.take(KEY, 1, {
          owner: "other",
          nowMs: lane.clock.nowMs,
          leaseUntilMs: lane.clock.nowMs + 1_000,
        });
      },
      "another worker",
    ],
    [
      "a cluster that does not answer",
      (lane) => {
        lane.worker.connect = () =>
          Promise.reject(new ConnectionError("tcp", "https://x", "nobody listens at https://x"));
      },
      "nobody listens",
    ],
    [
      "a kind of another lane",
      (lane) => {
        lane.worker.reconcilers = [];
      },
      "does not work on MultiAZRollout",
    ],
    [
      "a fault of our own",
      (lane) => {
        lane.worker.faultPoint = () => Promise.reject(new Error("armed"));
      },
      "armed",
    ],
  ])("answers %s with object, cause and next step", async (_name, arrange, cause) => {
    const lane = createFakeLane();
    await arrange(lane);
    const response = await runDirect(lane.worker, request, lane.deadline);
    expect(response).toEqual({
      error: {
        object: "MultiAZRollout mimir/ingester in cluster prod",
        cause: expect.stringContaining(cause),
        nextStep: expect.any(String),
      },
    });
  });
});

describe("an order of a person", () => {
  const asked = { action: "order" as const, key: KEY, order: { type: "pause" }, by: "anna" };
  const action = { kind: "PauseRollout", object: "mimir/ingester", reason: "Ordered" };
  /** A lane whose kind takes every order but one, and remembers what it was told. */
  function orderLane(reconcile?: (session: Session) => Promise<Reconciliation>) {
    const lane = createFakeLane(reconcile);
    const told: OrderContext[] = [];
    const [kind] = lane.worker.reconcilers;
    if (kind === undefined) throw new Error("the lane has no kind");
    const decideOrder = (order: unknown, context: OrderContext): OrderDecision => {
      told.push(context);
      if ((order as { type: string }).type === "explode")
        return { type: "refused", cause: "nobody wants that", nextStep: "Do not." };
      return { type: "accepted", action, change: (before) => [before ?? "none", order] };
    };
    lane.worker.reconcilers = [{ ...kind, decideOrder }];
    return { ...lane, told };
  }

  it("is written onto the row, posted, and put into the audit with the name that was given", async () => {
    const lane = orderLane();
    await lane.store.schedule(KEY, lane.clock.nowMs + 500_000, { posted: false });
    expect(await runDirect(lane.worker, asked, lane.deadline)).toEqual({ ordered: action });
    expect(lane.store.rows.get(rowId(KEY))).toMatchObject({ ticket: 2, orders: ["none", { type: "pause" }] });
    expect(lane.sent).toMatchObject([{ message: { key: KEY, ticket: 2 }, delaySeconds: 0 }]);
    expect([...lane.store.audit.values()]).toEqual([
      { key: KEY, intended: [action], outcomes: [{ ...action, result: "done" }], by: "anna" },
    ]);
  });

  it("reaches a worker that is at it, which holds its lease as before", async () => {
    const seen: unknown[] = [];
    const lane = orderLane(async (session) => {
      seen.push(session.orders());
      await runDirect(lane.worker, asked, lane.deadline);
      seen.push(session.orders());
      expect(await session.interruption()).toMatchObject({ reason: "Superseded" });
      seen.push(session.orders());
      return reconciliationOf();
    });
    await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
    expect(await runWork(lane.worker, lane.messageOf(1), lane.deadline)).toMatchObject({ outcome: "inked" });
    expect(seen).toEqual([undefined, undefined, ["none", { type: "pause" }]]);
    expect(lane.store.rows.get(rowId(KEY))).toMatchObject({ orders: ["none", { type: "pause" }] });
  });

  it("is judged by what is saved of this registration alone", async () => {
    const lane = orderLane();
    await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
    await runWork(lane.worker, lane.messageOf(1), lane.deadline);
    await runDirect(lane.worker, asked, lane.deadline);
    lane.store.registrations.set(KEY.cluster, registrationOf(KEY.cluster, { identity: "another" }));
    await runDirect(lane.worker, asked, lane.deadline);
    expect(lane.told.map(({ state, by }) => [state, by])).toEqual([
      [{ pass: "inked" }, "anna"],
      [undefined, "anna"],
    ]);
  });

  it.each<[string, object, boolean, string]>([
    ["that makes no sense", { ...asked, order: { type: "explode" } }, true, "nobody wants that"],
    ["about a resource nobody knows", asked, false, "the hub knows no such resource"],
    ["without a type", { ...asked, order: {} }, true, "order.type"],
  ])("%s is refused, and nothing is written", async (_name, wrong, known, cause) => {
    const lane = orderLane();
    if (known) await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
    const before = structuredClone([...lane.store.rows.values()]);
    expect(await runDirect(lane.worker, wrong, lane.deadline)).toEqual({
      error: { object: expect.any(String), cause: expect.stringContaining(cause), nextStep: expect.any(String) },
    });
    expect([...lane.store.rows.values()]).toEqual(before);
    expect(lane.store.audit.size).toBe(0);
  });

  it("about a kind that takes none is refused", async () => {
    const lane = createFakeLane();
    await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
    expect(await runDirect(lane.worker, asked, lane.deadline)).toMatchObject({
      error: { cause: "nobody orders anything about MultiAZRollout" },
    });
  });
});
