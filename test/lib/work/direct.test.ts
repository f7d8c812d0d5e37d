import { describe, expect, it } from "vitest";
import { ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { runDirect } from "../../../lib/work/direct.ts";
import { createFakeLane, KEY, reconciliationOf } from "../../fakes/lane.ts";
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

  it("leaves the row of a resource that has gone to the discovery pass", async () => {
    const lane = createFakeLane(async () => gone);
    await lane.store.schedule(KEY, lane.clock.nowMs, { posted: false });
    expect(await runDirect(lane.worker, request, lane.deadline)).toEqual(noSuch);
    expect(lane.store.rows.has(rowId(KEY))).toBe(true);
  });

  it("names every problem of a request that is none", async () => {
    const lane = createFakeLane();
    expect(await runDirect(lane.worker, { action: "reconcile", key: { ...KEY, name: "" } }, lane.deadline)).toEqual({
      error: { object: "request", cause: expect.stringContaining("key.name"), nextStep: expect.any(String) },
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
