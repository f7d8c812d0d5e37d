import { describe, expect, it } from "vitest";
import { type Dispatch, planDispatch, runDispatch, tickTime } from "../../../lib/work/dispatch.ts";
import type { WorkKey } from "../../../lib/work/keys.ts";
import type { ProbePosting, WorkPosting } from "../../../lib/work/ports.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import { createFakeWorkStore, rowId } from "../../fakes/work-store.ts";

const keyOf = (name: string): WorkKey => ({
  cluster: "prod",
  home: "cluster",
  kind: "MultiAZRollout",
  namespace: "mimir",
  name,
});
const roomy = { remainingMs: () => 60_000 };

function arrange(changes: Partial<Dispatch> = {}) {
  const clock = createFakeClock();
  const store = createFakeWorkStore(clock);
  const batches: WorkPosting[][] = [];
  const probes: ProbePosting[] = [];
  const counted: Record<string, number> = {};
  const dispatch: Dispatch = {
    store,
    clock,
    queue: {
      async send(postings) {
        batches.push([...postings]);
        return [];
      },
    },
    probeQueue: {
      async send(postings) {
        probes.push(...postings);
        return [];
      },
    },
    clusters: {
      listActiveClusters: async () => ({ clusters: [{ name: "prod", monitorIntervalSeconds: 30 }], unreadable: [] }),
    },
    fleet: {
      countFleet: async (clusters) => ({ healthy: clusters.length, unhealthy: 0, unknown: 0 }),
    },
    metrics: {
      add: (name, value) => {
        counted[name] = (counted[name] ?? 0) + value;
      },
      flush: () => {},
    },
    log: () => {},
    faultPoint: async () => {},
    ...changes,
  };
  return { dispatch, clock, store, batches, probes, counted };
}

describe("planDispatch", () => {
  const now = 1_000_000;
  it.each<[string, number, { delaySeconds: number; reclaimAtMs: number }]>([
    ["overdue work goes out at once", now - 500_000, { delaySeconds: 0, reclaimAtMs: now + 90_000 }],
    ["work due now goes out at once", now, { delaySeconds: 0, reclaimAtMs: now + 90_000 }],
    ["work due in 20 s waits in the queue", now + 20_000, { delaySeconds: 20, reclaimAtMs: now + 110_000 }],
    ["the farthest work waits 150 s", now + 150_000, { delaySeconds: 150, reclaimAtMs: now + 240_000 }],
  ])("%s", (_name, dueAt, expected) => {
    const key = keyOf("a");
    expect(planDispatch([{ key, dueAt }], now)).toEqual([{ key, seenDueAt: dueAt, ...expected }]);
  });

  it("takes the longest overdue first, then by name, whatever order the index has", () => {
    const rows = [
      { key: keyOf("c"), dueAt: now + 1 },
      { key: keyOf("b"), dueAt: now },
      { key: keyOf("a"), dueAt: now },
    ];
    const names = (planned: { key: WorkKey }[]) => planned.map(({ key }) => key.name);
    expect(names(planDispatch(rows, now))).toEqual(["a", "b", "c"]);
    expect(names(planDispatch(rows.toReversed(), now))).toEqual(["a", "b", "c"]);
  });
});

describe("the time of a tick", () => {
  const now = Date.parse("2026-11-01T00:01:10.500Z");
  it.each<[string, unknown, number]>([
    ["is the schedule's", { source: "schedule", scheduledTime: "2026-11-01T00:00:59Z" }, now - 11_500],
    ["is now when a person invokes dispatch", {}, now],
    ["is now when nothing was sent", null, now],
    ["is now where the schedule does not fill it in", { scheduledTime: "<aws.scheduler.scheduled-time>" }, now],
    ["is now when it cannot be true", { scheduledTime: "2026-10-31T00:00:59Z" }, now],
  ])("%s", (_name, event, expected) => {
    expect(tickTime(event, now)).toBe(expected);
  });
});

describe("one minute's dispatch", () => {
  it("sends the probes of the minute after the tick's time, though the tick came late", async () => {
    const { dispatch, clock, probes } = arrange();
    const tickMs = clock.nowMs;
    clock.nowMs += 59_000;
    await runDispatch(dispatch, roomy, tickMs);
    const minutes = probes.map(({ message }) => Math.floor((message.dueAt - tickMs) / 60_000));
    expect(minutes).toEqual([1, 1]);
    expect(Math.max(...probes.map(({ delaySeconds }) => delaySeconds))).toBeLessThanOrEqual(60);
  });

  it("claims what is due within 150 s and sends it in batches of ten, each once", async () => {
    const { dispatch, clock, store, batches, counted } = arrange();
    for (let index = 0; index < 25; index += 1)
      await store.schedule(keyOf(`r${index}`), clock.nowMs + index * 5_000, { posted: false });
    await store.schedule(keyOf("later"), clock.nowMs + 150_001, { posted: false });
    await store.schedule(keyOf("posted"), clock.nowMs, { posted: true });
    expect(await runDispatch(dispatch, roomy)).toMatchObject({ posted: 25 });
    expect(batches.every((batch) => batch.length <= 10)).toBe(true);
    expect(new Set(batches.flat().map(({ message }) => message.key.name)).size).toBe(25);
    expect(await runDispatch(dispatch, roomy)).toMatchObject({ posted: 0 });
    expect(counted).toMatchObject({ DispatchHeartbeat: 2, DispatchedWork: 25 });
  });

  it("sends a posted message again 90 s after it should have been delivered", async () => {
    const { dispatch, clock, store, batches } = arrange();
    await store.schedule(keyOf("a"), clock.nowMs, { posted: true });
    clock.nowMs += 90_000;
    await runDispatch(dispatch, roomy);
    expect(batches.flat().map(({ message, delaySeconds }) => [message.ticket, delaySeconds])).toEqual([[1, 0]]);
  });

  it("leaves work with a live lease alone, and finds it when the worker is gone", async () => {
    const { dispatch, clock, store, batches } = arrange();
    await store.schedule(keyOf("a"), clock.nowMs, { posted: true });
    await store.take(keyOf("a"), 1, { owner: "w", nowMs: clock.nowMs, leaseUntilMs: clock.nowMs + 135_000 });
    clock.nowMs += 139_000;
    await runDispatch(dispatch, roomy);
    expect(batches).toEqual([]);
    clock.nowMs += 1_000;
    await runDispatch(dispatch, roomy);
    expect(batches.flat()).toHaveLength(1);
  });

  it("does all it can when a part fails, and then fails itself, without a heartbeat", async () => {
    const { dispatch, clock, store, batches, counted } = arrange({
      clusters: { listActiveClusters: () => Promise.reject(new Error("table down")) },
    });
    await store.schedule(keyOf("a"), clock.nowMs, { posted: false });
    await expect(runDispatch(dispatch, roomy)).rejects.toThrow("table down");
    expect(batches.flat()).toHaveLength(1);
    expect(counted["DispatchHeartbeat"]).toBeUndefined();
  });

  it("names what could not be sent; the row comes back as lost", async () => {
    const { dispatch, clock, store } = arrange({
      queue: { send: async (postings) => postings.map((posting) => ({ posting, cause: "InternalError" })) },
    });
    await store.schedule(keyOf("a"), clock.nowMs, { posted: false });
    await expect(runDispatch(dispatch, roomy)).rejects.toThrow("MultiAZRollout mimir/a in cluster prod: InternalError");
    expect(store.rows.get(rowId(keyOf("a")))?.dueAt).toBe(clock.nowMs + 90_000);
  });

  it("lets one bad claim neither touch its neighbours nor look like a dead hub", async () => {
    const { dispatch, clock, store, batches, counted } = arrange();
    await store.schedule(keyOf("a"), clock.nowMs, { posted: false });
    await store.schedule(keyOf("b"), clock.nowMs, { posted: false });
    dispatch.store = {
      ...store,
      claim: (key, seen, reclaim) =>
        key.name === "a" ? Promise.reject(new Error("throttled")) : store.claim(key, seen, reclaim),
    };
    await expect(runDispatch(dispatch, roomy)).rejects.toThrow("1 rows not dispatched, first: MultiAZRollout mimir/a");
    expect(batches.flat().map(({ message }) => message.key.name)).toEqual(["b"]);
    expect(counted).toMatchObject({ DispatchHeartbeat: 1, DispatchedWork: 1, DispatchFailedRows: 1 });
  });

  it("is alive, but fails, when probes cannot be sent", async () => {
    const { dispatch, counted } = arrange({
      probeQueue: { send: async (postings) => postings.map((posting) => ({ posting, cause: "InternalError" })) },
    });
    await expect(runDispatch(dispatch, roomy)).rejects.toThrow("2 clusters not probed, first: InternalError");
    expect(counted).toMatchObject({ DispatchHeartbeat: 1, DispatchedWork: 0 });
    expect(counted["DispatchFailedRows"]).toBeUndefined();
  });

  it("probes every other cluster when one registration cannot be read, and names that one", async () => {
    const clusters = [{ name: "prod", monitorIntervalSeconds: 60 }];
    const { dispatch, probes, counted } = arrange({
      clusters: { listActiveClusters: async () => ({ clusters, unreadable: ["cluster old: cannot be read"] }) },
    });
    await expect(runDispatch(dispatch, roomy)).rejects.toThrow("1 clusters not probed, first: cluster old");
    expect(probes.flatMap(({ message }) => message.clusters)).toEqual(["prod"]);
    expect(counted).toMatchObject({ DispatchHeartbeat: 1 });
  });

  it("has no heartbeat when the due index cannot be read", async () => {
    const { dispatch, store, counted } = arrange();
    dispatch.store = { ...store, listDue: () => Promise.reject(new Error("table down")) };
    await expect(runDispatch(dispatch, roomy)).rejects.toThrow("table down");
    expect(counted["DispatchHeartbeat"]).toBeUndefined();
  });

  it("tells how many clusters of the whole fleet are how, once", async () => {
    const active = Array.from({ length: 25 }, (_, index) => ({ name: `c${index}`, monitorIntervalSeconds: 30 }));
    const { dispatch, counted } = arrange({
      clusters: { listActiveClusters: async () => ({ clusters: active, unreadable: [] }) },
      fleet: { countFleet: async (clusters) => ({ healthy: clusters.length - 3, unhealthy: 2, unknown: 1 }) },
    });
    await runDispatch(dispatch, roomy);
    expect(counted).toMatchObject({ ClustersHealthy: 22, ClustersUnhealthy: 2, ClustersUnknown: 1 });
  });

  it("does its work all the same when clusters cannot be counted", async () => {
    const { dispatch, probes, counted } = arrange({
      fleet: { countFleet: () => Promise.reject(new Error("throttled")) },
    });
    await runDispatch(dispatch, roomy);
    expect(probes).toHaveLength(2);
    expect(counted).toEqual({ DispatchHeartbeat: 1, DispatchedWork: 0 });
  });

  it("begins no batch it may not finish", async () => {
    const { dispatch, clock, store, batches } = arrange();
    await store.schedule(keyOf("a"), clock.nowMs, { posted: false });
    await runDispatch(dispatch, { remainingMs: () => 4_000 });
    expect(batches).toEqual([]);
    await runDispatch(dispatch, roomy);
    expect(batches.flat()).toHaveLength(1);
  });

  it("passes the fault point between claim and send for each key", async () => {
    const points: string[] = [];
    const { dispatch, clock, store } = arrange({
      faultPoint: async (name, key) => void points.push(`${name} ${key.name}`),
    });
    await store.schedule(keyOf("a"), clock.nowMs, { posted: false });
    await runDispatch(dispatch, roomy);
    expect(points).toEqual(["claim-send a"]);
  });
});
