import { availableParallelism } from "node:os";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { KINDS } from "./kinds.ts";
import { add, describeSummary, emptySummary, type Summary } from "./report.ts";
import { runShard, type Shard } from "./shard.ts";

const SEEDS = 1_000;
/** Each kind must have happened in so many simulations at least: else the list of them tells of more than is tested. */
const FLOOR = 15;
const THREADS = Math.min(4, availableParallelism());
const minuteMs = 60_000;

/** One thread for each core: all of it is computing. */
function inThread(shard: Shard): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./shard.ts", import.meta.url), { workerData: { shard }, execArgv: [] });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

async function simulateAll(): Promise<Summary> {
  const { OUTRIGGER_SEED: one, OUTRIGGER_SEEDS: many } = process.env;
  if (one !== undefined) return runShard({ first: Number(one), last: Number(one), step: 1, failures: 1 });
  const last = Number(many ?? SEEDS);
  const shards = Array.from({ length: THREADS }, (_, index) =>
    inThread({ first: index + 1, last, step: THREADS, failures: 2 }),
  );
  const summary = emptySummary();
  for (const shard of await Promise.all(shards)) add(summary, shard);
  return summary;
}

test(`${SEEDS} rollouts keep every promise whatever befalls them`, { timeout: 10 * minuteMs }, async () => {
  const startedAt = performance.now();
  const summary = await simulateAll();
  const line = describeSummary(summary, (performance.now() - startedAt) / 1_000);
  process.stdout.write(`${line}\n`);
  if (summary.failures.length > 0) throw new Error(summary.failures.join("\n\n"));
  if (summary.seeds < SEEDS) return;
  const rare = KINDS.filter((kind) => (summary.simulations[kind] ?? 0) < FLOOR);
  expect(rare.map((kind) => `${kind}: ${summary.simulations[kind] ?? 0}`)).toEqual([]);
});
