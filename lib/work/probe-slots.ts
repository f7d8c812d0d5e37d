import type { ActiveCluster, ProbePosting } from "./ports.ts";
import { delaySecondsUntil } from "./schedule.ts";
import { hash32 } from "./shard.ts";

/** Clusters named by one probe message. */
const CLUSTERS_PER_MESSAGE = 10;

/**
 * Plans the probes of the coming minute: a cluster is due in the seconds whose number modulo its interval is its
 * hash's, so load is even, and dispatch keeps nothing between two runs.
 *
 * The minute is the whole one after the tick's own time: a run that starts early or late neither skips a slot nor sends one
 * twice, however late Scheduler delivers. Slots that have gone by are sent at once.
 *
 * @param tickMs when the tick was to come, epoch milliseconds.
 */
export function planProbes(clusters: readonly ActiveCluster[], tickMs: number, nowMs: number = tickMs): ProbePosting[] {
  const first = (Math.floor(tickMs / 60_000) + 1) * 60;
  const slots = new Map<number, string[]>();
  for (const { name, monitorIntervalSeconds } of clusters) {
    const slot = hash32(name) % monitorIntervalSeconds;
    const wait = (slot - (first % monitorIntervalSeconds) + monitorIntervalSeconds) % monitorIntervalSeconds;
    for (let second = first + wait; second < first + 60; second += monitorIntervalSeconds) {
      const due = slots.get(second);
      if (due === undefined) slots.set(second, [name]);
      else due.push(name);
    }
  }
  const seconds = [...slots.keys()].sort((a, b) => a - b);
  return seconds.flatMap((second) => {
    const names = (slots.get(second) ?? []).sort();
    const dueAt = second * 1000;
    return chunk(names, CLUSTERS_PER_MESSAGE).map((some) => ({
      message: { version: 1 as const, clusters: some, dueAt },
      delaySeconds: delaySecondsUntil(dueAt, nowMs),
    }));
  });
}

/** @returns the items in groups of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
