import { describeKey, resourceSk, type WorkKey } from "./keys.ts";
import type { Deadline } from "./lease.ts";
import type {
  ActiveCluster,
  ActiveClusters,
  Clock,
  FaultPoint,
  FleetHealth,
  Log,
  Metrics,
  ProbeQueue,
  WorkPosting,
  WorkQueue,
} from "./ports.ts";
import { chunk, planProbes } from "./probe-slots.ts";
import { delaySecondsUntil, LOOKAHEAD_MS, reclaimAt, wholeMs } from "./schedule.ts";
import { SHARDS } from "./shard.ts";
import type { WorkStore } from "./store.ts";

/** Messages of one send. */
const BATCH = 10;

/** Batches claimed at the same time. */
const CONCURRENCY = 8;

/** No batch is begun with less time left than this, milliseconds. */
const LEAST_REMAINING_MS = 5_000;

/** A row as the due index shows it. */
export interface DueRow {
  key: WorkKey;
  /** Epoch milliseconds. */
  dueAt: number;
}

/** A row to be claimed and posted. */
export interface PlannedClaim {
  key: WorkKey;
  seenDueAt: number;
  delaySeconds: number;
  reclaimAtMs: number;
}

/** What dispatch needs. */
export interface Dispatch {
  store: Pick<WorkStore, "listDue" | "claim">;
  queue: WorkQueue;
  probeQueue: ProbeQueue;
  clusters: ActiveClusters;
  fleet: FleetHealth;
  clock: Clock;
  metrics: Metrics;
  log: Log;
  faultPoint: FaultPoint;
}

/** How far the time of a tick may be from now and be believed, milliseconds: twice what Scheduler promises. */
const TICK_WITHIN_MS = 120_000;

/** @returns when this tick was to come, as the schedule says; now for whoever else invokes dispatch. */
export function tickTime(event: unknown, nowMs: number): number {
  const { scheduledTime } = (event ?? {}) as { scheduledTime?: unknown };
  const tickMs = typeof scheduledTime === "string" ? Date.parse(scheduledTime) : Number.NaN;
  return Math.abs(nowMs - tickMs) <= TICK_WITHIN_MS ? tickMs : nowMs;
}

/** @returns what to claim, the longest overdue first. A row that is overdue is delivered at once. */
export function planDispatch(rows: readonly DueRow[], nowMs: number): PlannedClaim[] {
  const order = (row: DueRow) => `${row.key.cluster}/${resourceSk(row.key)}`;
  return [...rows]
    .sort((a, b) => a.dueAt - b.dueAt || (order(a) < order(b) ? -1 : 1))
    .map(({ key, dueAt }) => ({
      key,
      seenDueAt: dueAt,
      delaySeconds: delaySecondsUntil(dueAt, nowMs),
      reclaimAtMs: reclaimAt(dueAt, nowMs),
    }));
}

/**
 * One minute's dispatch: probes first, for they are not kept anywhere, then due work. Each part goes on when another
 * one fails.
 *
 * The heartbeat says that the whole of it was gone through: a row or a message that failed on the way is counted and
 * fails the run, but does not make a hub that posts everything else look dead.
 *
 * @param tickMs when the tick was to come, epoch milliseconds.
 * @throws AggregateError after everything possible was done, naming what was not: a failed sweep must not look green.
 */
export async function runDispatch(
  dispatch: Dispatch,
  deadline: Deadline,
  tickMs: number = dispatch.clock.now(),
): Promise<{ posted: number; probes: number }> {
  const failures: unknown[] = [];
  const attempt = async (part: () => Promise<Dispatched>): Promise<Dispatched> => {
    try {
      return await part();
    } catch (error) {
      failures.push(error);
      return { posted: 0, failures: [] };
    }
  };
  const [probes, work] = await Promise.all([
    attempt(() => dispatchProbes(dispatch, tickMs)),
    attempt(() => dispatchWork(dispatch, deadline)),
  ]);
  dispatch.metrics.add("DispatchedWork", work.posted);
  if (work.failures.length > 0) dispatch.metrics.add("DispatchFailedRows", work.failures.length);
  if (failures.length === 0) dispatch.metrics.add("DispatchHeartbeat", 1);
  for (const [what, { failures: some }] of [
    ["clusters not probed", probes],
    ["rows not dispatched", work],
  ] as const)
    if (some.length > 0) failures.push(new Error(`${some.length} ${what}, first: ${some[0]}.`));
  if (failures.length > 0)
    throw new AggregateError(failures, `Dispatch was incomplete: ${failures.map(String).join("; ")}`);
  return { posted: work.posted, probes: probes.posted };
}

/** What one part came to: messages sent, and a sentence for each that failed on its own. */
interface Dispatched {
  posted: number;
  failures: string[];
}

async function dispatchProbes(dispatch: Dispatch, tickMs: number): Promise<Dispatched> {
  const { clusters, probeQueue, clock } = dispatch;
  const { clusters: active, unreadable } = await clusters.listActiveClusters();
  const postings = planProbes(active, tickMs, clock.now());
  const failed = await probeQueue.send(postings);
  await countFleet(dispatch, active);
  return { posted: postings.length - failed.length, failures: [...unreadable, ...failed.map(({ cause }) => cause)] };
}

/** The fleet in numbers: told by the one place that knows all of it. Without them there is a gap in a graph, no more. */
async function countFleet({ fleet, clock, metrics, log }: Dispatch, active: readonly ActiveCluster[]): Promise<void> {
  try {
    const { healthy, unhealthy, unknown } = await fleet.countFleet(active, clock.now());
    metrics.add("ClustersHealthy", healthy);
    metrics.add("ClustersUnhealthy", unhealthy);
    metrics.add("ClustersUnknown", unknown);
  } catch (error) {
    log("warn", "Clusters not counted", { cause: error instanceof Error ? error.message : String(error) });
  }
}

async function dispatchWork(dispatch: Dispatch, deadline: Deadline): Promise<Dispatched> {
  const { store, clock, log } = dispatch;
  const nowMs = clock.now();
  const shards = Array.from({ length: SHARDS }, (_, shard) => store.listDue(shard, nowMs, nowMs + LOOKAHEAD_MS));
  const batches = chunk(planDispatch((await Promise.all(shards)).flat(), nowMs), BATCH);
  const failures: string[] = [];
  let posted = 0;
  const lane = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      if (deadline.remainingMs() < LEAST_REMAINING_MS) {
        log("warn", "Out of time; the next run dispatches the rest", { left: batches.length + 1 });
        return;
      }
      const sent = await claimAndSend(dispatch, batch);
      posted += sent.posted;
      failures.push(...sent.failures);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return { posted, failures };
}

async function claimAndSend(
  { store, queue, faultPoint }: Dispatch,
  batch: readonly PlannedClaim[],
): Promise<Dispatched> {
  const failures: string[] = [];
  const claimed = await Promise.all(
    batch.map(async ({ key, seenDueAt, delaySeconds, reclaimAtMs }): Promise<WorkPosting[]> => {
      try {
        const claim = await store.claim(key, seenDueAt, reclaimAtMs);
        if (claim === undefined) return [];
        return [
          { message: { version: 1, key, ticket: claim.ticket, dueAt: wholeMs(seenDueAt), hops: 0 }, delaySeconds },
        ];
      } catch (error) {
        failures.push(`${describeKey(key)}: ${String(error)}`);
        return [];
      }
    }),
  );
  const postings = claimed.flat();
  for (const { message } of postings) await faultPoint("claim-send", message.key);
  if (postings.length === 0) return { posted: 0, failures };
  const failed = await queue.send(postings);
  failures.push(...failed.map(({ posting, cause }) => `${describeKey(posting.message.key)}: ${cause}`));
  return { posted: postings.length - failed.length, failures };
}
