import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import type { Pod } from "../../lib/kubernetes/objects.ts";
import { PODS } from "../../lib/kubernetes/types.ts";
import { followPods } from "./pod-events.ts";

/** What an independent watcher saw of the pods of some StatefulSets. */
export interface ZoneWatch {
  /** Watch events at which pods of two StatefulSets or more were unavailable. */
  doubleZoneEvents(): number;
  /** Most pods of one StatefulSet unavailable at one event. */
  peakUnavailable(): number;
  /** Ends when every pod is Ready and of `version`; tells when that was (performance.now). */
  allReady(version: string): Promise<number>;
  /** When the first pod was seen terminating since `reset` (performance.now). */
  firstDeleteAt(): number | undefined;
  reset(): void;
  close(): Promise<void>;
}

/** Ready and not on its way out. */
export const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;

/** Watches the pods of one namespace, one StatefulSet of `replicas` per zone. */
export async function watchZones(
  client: KubernetesClient,
  namespace: string,
  options: { sets: readonly string[]; replicas: number },
): Promise<ZoneWatch> {
  const stop = new AbortController();
  const pods = new Map<string, Pod>();
  const waiting = new Set<() => void>();
  let doubles = 0;
  let peak = 0;
  let firstDelete: number | undefined;
  const look = (): void => {
    const missing = options.sets.map((set) => {
      const ready = [...pods.values()].filter((pod) => pod.metadata.name.startsWith(`${set}-`) && isReady(pod));
      return options.replicas - ready.length;
    });
    if (missing.filter((count) => count > 0).length > 1) doubles++;
    peak = Math.max(peak, ...missing);
    for (const wake of waiting) wake();
  };
  const list = await client.list<Pod>(PODS, { namespace });
  for (const pod of list.items) pods.set(pod.metadata.name, pod);
  const watching = (async () => {
    const { resourceVersion } = list;
    for await (const event of followPods(client, namespace, { resourceVersion, signal: stop.signal })) {
      const { name, deletionTimestamp, uid } = event.object.metadata;
      if (deletionTimestamp !== undefined || event.type === "DELETED") firstDelete ??= performance.now();
      if (event.type !== "DELETED") pods.set(name, event.object);
      else if (pods.get(name)?.metadata.uid === uid) pods.delete(name);
      look();
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    doubleZoneEvents: () => doubles,
    peakUnavailable: () => peak,
    firstDeleteAt: () => firstDelete,
    reset() {
      doubles = 0;
      peak = 0;
      firstDelete = undefined;
    },
    async allReady(version) {
      const total = options.sets.length * options.replicas;
      for (;;) {
        const done = [...pods.values()].filter(
          (pod) => isReady(pod) && pod.metadata.annotations?.["version"] === version,
        );
        if (done.length === total) return performance.now();
        await Promise.race([new Promise<void>((resolve) => waiting.add(resolve)), sleep(1_000)]);
        waiting.clear();
      }
    },
    async close() {
      stop.abort();
      await watching;
    },
  };
}
