import { beforeEach, describe, expect, it } from "vitest";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import type { Reconciliation, Session } from "../../../lib/work/reconciler.ts";
import { LeaseLostError, RetryableError, TerminalError } from "../../../lib/work/verdict.ts";
import { runWork } from "../../../lib/work/worker.ts";
import { createFakeLane, KEY, reconciliationOf } from "../../fakes/lane.ts";
import { registrationOf } from "../../fakes/registration.ts";
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
const conditions = () => (state()?.status as Reconciliation["status"] | undefined)?.conditions ?? [];
const deletePod = { kind: "DeletePod", object: "mimir/ingester-0", reason: "Outdated" };

describe("a failed pass", () => {
  it("goes back to the queue when it may pass by itself, with the lease freed and the ticket open", async () => {
    reconcile = async () => {
      throw new RetryableError("throttled");
    };
    await expect(run()).rejects.toThrow("throttled");
    expect(row()).toMatchObject({ ticket: 1, ticketDone: 0, leaseUntil: 0, dueAt: lane.clock.nowMs + 100_000 });
    expect(state()).toBeUndefined();
    expect(lane.sent).toEqual([]);
  });

  it.each<[string, Error, { reason: string; phase: string; types: string[]; dueInMs: number }]>([
    [
      "a failure that will not pass by itself stalls",
      new TerminalError("InvalidSpec", "spec.maxUnavailable: 0 is not allowed"),
      { reason: "InvalidSpec", phase: "Stalled", types: ["Ready", "Stalled"], dueInMs: 300_000 },
    ],
    [
      "a cluster that does not answer is asked again",
      new ConnectionError("tcp", "https://127.0.0.1:1", "nobody listens"),
      { reason: "Unreachable", phase: "Unknown", types: ["Ready"], dueInMs: 120_000 },
    ],
    [
      "credentials that cannot be had",
      new ConnectionError("credentials", "https://x", "no role"),
      { reason: "AuthFailed", phase: "Unknown", types: ["Ready"], dueInMs: 120_000 },
    ],
    [
      "a missing RBAC rule",
      new ApiError({ status: 403, reason: "Forbidden", message: "cannot list pods", request: "GET /api/v1/pods" }),
      { reason: "Forbidden", phase: "Unknown", types: ["Ready"], dueInMs: 120_000 },
    ],
    [
      "an API server that is not ready",
      new ApiError({ status: 503, reason: "", message: "starting", request: "GET /api/v1/pods" }),
      { reason: "ApiServerUnready", phase: "Unknown", types: ["Ready"], dueInMs: 120_000 },
    ],
  ])("%s", async (_name, error, expected) => {
    reconcile = async (session) => {
      await session.pencil({ actions: [deletePod], state: { pass: "pencilled" } });
      throw error;
    };
    expect(await run()).toMatchObject({ outcome: "inked", failure: { reason: expected.reason } });
    expect(state()?.state).toEqual({ pass: "pencilled" });
    const status = state()?.status as Reconciliation["status"];
    expect(status.phase).toBe(expected.phase);
    expect(status.conditions.map(({ type }) => type)).toEqual(expected.types);
    expect(status.conditions[0]).toMatchObject({ status: "False", reason: expected.reason, message: error.message });
    expect(row()?.dueAt).toBe(lane.clock.nowMs + expected.dueInMs);
  });

  it("is recorded when the cluster cannot even be connected to", async () => {
    lane.worker.connect = async () => {
      throw new ConnectionError("tls", "https://x", "the certificate is not the registered one");
    };
    expect(await run()).toMatchObject({ outcome: "inked", failure: { reason: "Unreachable" } });
  });

  it("keeps the time of a condition that did not change", async () => {
    reconcile = async () => {
      throw new ConnectionError("dns", "https://x", "no such name");
    };
    await run();
    const first = conditions()[0]?.lastTransitionTime;
    lane.clock.nowMs += 30_000;
    await run(2);
    expect(conditions()[0]?.lastTransitionTime).toBe(first);
  });

  it("is quiet about a lost lease: acknowledged, counted, nothing posted", async () => {
    reconcile = async () => {
      throw new LeaseLostError("fence 1 is not the newest");
    };
    expect(await run()).toEqual({ outcome: "leaseLost" });
    expect(lane.counted).toContainEqual({ name: "LeaseLost", value: 1 });
    expect(lane.sent).toEqual([]);
  });

  it("leaves the work to dispatch when its next message cannot be sent", async () => {
    lane.worker.queue = { send: async (postings) => postings.map((posting) => ({ posting, cause: "throttled" })) };
    expect(await run()).toMatchObject({ outcome: "inked" });
    expect(row()?.dueAt).toBe(lane.clock.nowMs + 120_000);
    expect(lane.logged).toContainEqual(
      expect.objectContaining({ level: "warn", message: expect.stringContaining("dispatch") }),
    );
  });

  it("keeps what is saved when the bus does not answer", async () => {
    lane.worker.bus = { put: () => Promise.reject(new Error("down")) };
    reconcile = async (session) => {
      session.emit({ detailType: "Rollout Started", detail: {} });
      return reconciliationOf();
    };
    expect(await run()).toMatchObject({ outcome: "inked" });
    expect(lane.sent).toHaveLength(1);
  });
});

describe("a registration", () => {
  it.each<[string, Registration | undefined]>([
    ["is missing", undefined],
    ["is a tombstone", registrationOf(KEY.cluster, { state: "Deregistered" })],
  ])("that %s: the work is not attempted, its row goes", async (_name, registration) => {
    reconcile = () => Promise.reject(new Error("must not run"));
    if (registration === undefined) lane.store.registrations.clear();
    else lane.store.registrations.set(KEY.cluster, registration);
    expect(await run()).toEqual({ outcome: "forgotten" });
    expect(row()).toBeUndefined();
    expect(lane.sent).toEqual([]);
  });

  it("that is a tombstone nobody was told of: its work goes when somebody was", async () => {
    const registration = registrationOf(KEY.cluster, { state: "Deregistered", untold: { forced: false } });
    lane.store.registrations.set(KEY.cluster, registration);
    lane.worker.lastWords = () => Promise.reject(new Error("the bus does not answer"));
    await expect(run()).rejects.toThrow("the bus does not answer");
    expect(row()).toMatchObject({ leaseUntil: 0 });
    const told: unknown[] = [];
    lane.worker.lastWords = async (tombstone) => void told.push(tombstone);
    expect(await run()).toEqual({ outcome: "forgotten" });
    expect(told).toEqual([registration]);
  });

  it("that goes while the same name registers anew: the row stays for the newer ticket", async () => {
    lane.store.registrations.clear();
    lane.worker.faultPoint = async (name) => {
      if (name === "take-pencil") await lane.store.schedule(KEY, lane.clock.nowMs, { posted: true });
    };
    expect(await run()).toEqual({ outcome: "leaseLost" });
    expect(row()).toMatchObject({ ticket: 2, leaseUntil: 0, dueAt: lane.clock.nowMs });
  });

  it("with another identity starts with no history", async () => {
    await run();
    lane.store.registrations.set(KEY.cluster, registrationOf(KEY.cluster, { identity: "new@2026" }));
    let seen: unknown = "unset";
    reconcile = async (session) => {
      seen = session.state;
      return reconciliationOf();
    };
    await run(2);
    expect(seen).toBeUndefined();
    expect(state()?.identity).toBe("new@2026");
  });

  it.each<[string, Partial<Registration>, string]>([
    ["that is being deregistered", { state: "Deregistering" }, "Deregistering"],
    ["without the capability", { capabilities: ["observe"] }, "CapabilityMissing"],
    ["that watches other namespaces", { namespaces: ["loki"] }, "NamespaceNotWatched"],
  ])("%s: nothing is attempted, and the status says why", async (_name, changes, reason) => {
    reconcile = () => Promise.reject(new Error("must not run"));
    lane.store.registrations.set(KEY.cluster, registrationOf(KEY.cluster, changes));
    expect(await run()).toMatchObject({ outcome: "inked", failure: { reason }, nextDueInSeconds: 300 });
    expect(state()?.status).toMatchObject({
      phase: "Stalled",
      conditions: [{ type: "Ready", reason }, { type: "Stalled" }],
    });
  });

  it.each<[string, Partial<Registration> | undefined]>([
    ["is being deregistered", { state: "Deregistering" }],
    ["is gone", undefined],
    ["has another identity", { identity: "new@2026" }],
  ])("that %s meanwhile interrupts a running worker", async (_name, changes) => {
    reconcile = async (session) => {
      expect(await session.interruption()).toBeUndefined();
      if (changes === undefined) lane.store.registrations.clear();
      else lane.store.registrations.set(KEY.cluster, registrationOf(KEY.cluster, changes));
      expect(await session.interruption()).toMatchObject({ reason: "Deregistered" });
      return reconciliationOf();
    };
    expect(await run()).toMatchObject({ outcome: "inked" });
  });

  it.each<[string, Partial<Registration>, RegExp]>([
    ["loses the capability", { capabilities: ["observe"] }, /lacks the capability "rollouts"/],
    ["is narrowed to other namespaces", { namespaces: ["loki"] }, /watches only loki/],
  ])("that %s meanwhile interrupts a running worker", async (_name, changes, message) => {
    reconcile = async (session) => {
      expect(await session.interruption()).toBeUndefined();
      lane.store.registrations.set(KEY.cluster, registrationOf(KEY.cluster, changes));
      expect(await session.interruption()).toMatchObject({
        reason: "NotCovered",
        message: expect.stringMatching(message),
      });
      return reconciliationOf();
    };
    expect(await run()).toMatchObject({ outcome: "inked" });
  });
});
