import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, type KubeConfig, type V1Pod, Watch } from "@kubernetes/client-node";
import { GROUP_LABEL, ZONE_LABEL } from "./scenario.ts";
import { type GroupTally, type PodSeen, Tally } from "./tally.ts";

/** An observer of one cluster, with its own connection and administrator rights: it shares nothing with the hub. */
export interface Watcher {
  /** Figures so far. @throws Error when events were missed: then nothing can be said. */
  of(group: string): Readonly<GroupTally>;
  stop(): void;
}

/** What else an observer may be asked for. */
export interface WatchPodsOptions {
  /** Only this one. Default: all. */
  namespace?: string;
  /** Told of every event, in the order they came. */
  onPod?: (type: string, pod: V1Pod) => void;
}

const REOPEN_AFTER_MS = 50;

/**
 * Watches all pods with a group label from now on; every event counts.
 * @param wanted pods of each zone, by group.
 */
export async function watchPods(
  config: KubeConfig,
  wanted: ReadonlyMap<string, number>,
  { namespace, onPod }: WatchPodsOptions = {},
): Promise<Watcher> {
  const core = config.makeApiClient(CoreV1Api);
  const labelSelector = GROUP_LABEL;
  const path = namespace === undefined ? "/api/v1/pods" : `/api/v1/namespaces/${namespace}/pods`;
  const list = await (namespace === undefined
    ? core.listPodForAllNamespaces({ labelSelector })
    : core.listNamespacedPod({ namespace, labelSelector }));
  const tally = new Tally(wanted, list.items.map(seen));
  const watch = new Watch(config);
  const stopped = new AbortController();
  let resourceVersion = list.metadata?.resourceVersion ?? "";
  let missed: Error | undefined;

  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted && missed === undefined) {
      await new Promise<void>((resolve) => {
        const query = { labelSelector, resourceVersion, allowWatchBookmarks: true };
        const onEvent = (type: string, pod: V1Pod): void => {
          if (type === "ERROR") {
            missed = new Error(`The observer's watch broke at version ${resourceVersion}: ${JSON.stringify(pod)}.`);
            return;
          }
          resourceVersion = pod.metadata?.resourceVersion ?? resourceVersion;
          if (type === "BOOKMARK") return;
          tally.see(type, seen(pod));
          onPod?.(type, pod);
        };
        watch
          .watch(path, query, onEvent, () => resolve())
          .then((running) => {
            if (stopped.signal.aborted) running.abort();
            stopped.signal.addEventListener("abort", () => running.abort(), { once: true });
          })
          .catch((error: unknown) => {
            missed = new Error(`The observer's watch could not be opened: ${String(error)}.`);
            resolve();
          });
      });
      await sleep(REOPEN_AFTER_MS);
    }
  };
  void follow();

  return {
    of(group) {
      if (missed !== undefined) throw missed;
      return tally.of(group);
    },
    stop: () => stopped.abort(),
  };
}

function seen({ metadata, status }: V1Pod): PodSeen {
  const ready =
    status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
  return {
    uid: metadata?.uid ?? "",
    group: metadata?.labels?.[GROUP_LABEL] ?? "",
    zone: metadata?.labels?.[ZONE_LABEL] ?? "",
    available: ready && metadata?.deletionTimestamp === undefined,
  };
}
