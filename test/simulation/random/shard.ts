import { parentPort, workerData } from "node:worker_threads";
import { drawSetting } from "./draw.ts";
import { add, emptySummary, type Summary, summaryOf } from "./report.ts";
import { simulate } from "./simulate.ts";

/** Seeds of one thread: every `step`th from `first` on, up to `last`. */
export interface Shard {
  first: number;
  last: number;
  step: number;
  /** So many failures are enough. */
  failures: number;
}

/** Simulates the rollouts of these seeds. */
export async function runShard({ first, last, step, failures }: Shard): Promise<Summary> {
  const summary = emptySummary();
  for (let seed = first; seed <= last && summary.failures.length < failures; seed += step) {
    const setting = drawSetting(seed);
    add(summary, summaryOf(setting, await simulate(setting)));
  }
  return summary;
}

if (parentPort !== null && workerData?.shard !== undefined) {
  parentPort.postMessage(await runShard(workerData.shard as Shard));
}
