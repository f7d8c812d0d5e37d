import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { CoreV1Api, type KubeConfig, type V1Pod, type V1PodList, type V1Status, Watch } from "@kubernetes/client-node";
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
 * The server ends each watch after so long, and tells the version it has reached 2 s before. Sooner than the client gives up
 * a quiet watch (30 s) and than the server's cache may drop a version that a quiet watch still stands at (75 s).
 */
const WATCH_SECONDS = 20;
const EXPIRED = 410;

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
  const list = (): Promise<V1PodList> =>
    namespace === undefined
      ? core.listPodForAllNamespaces({ labelSelector })
      : core.listNamespacedPod({ namespace, labelSelector });
  const first = await list();
  const tally = new Tally(wanted, first.items.map(seen));
  const known = new Map(versions(first.items));
  const watch = new Watch(config);
  const stopped = new AbortController();
  let resourceVersion = first.metadata?.resourceVersion ?? "";
  let expired = false;
  let missed: Error | undefined;

  const onEvent = (type: string, object: V1Pod | V1Status): void => {
    if (type === "ERROR") {
      expired = "code" in object && object.code === EXPIRED;
      if (!expired) missed = new Error(`The observer's watch broke: ${JSON.stringify(object)}.`);
      return;
    }
    const pod = object as V1Pod;
    const { uid = "", resourceVersion: version = resourceVersion } = pod.metadata ?? {};
    resourceVersion = version;
    if (type === "BOOKMARK") return;
    if (type === "DELETED") known.delete(uid);
    else known.set(uid, version);
    tally.see(type, seen(pod));
    onPod?.(type, pod);
  };
  const open = (): Promise<void> =>
    new Promise((resolve) => {
      const query = { labelSelector, resourceVersion, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS };
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
  /** The version a watch ended at may be too old when the machine stood still. Nothing was missed when nothing is new. */
  const startAnew = async (): Promise<void> => {
    const now = await list();
    if (isDeepStrictEqual(new Map(versions(now.items)), known)) {
      resourceVersion = now.metadata?.resourceVersion ?? "";
      expired = false;
    } else
      missed = new Error(`The observer's watch at version ${resourceVersion} expired, and pods have changed since.`);
  };
  const follow = async (): Promise<void> => {
    while (!stopped.signal.aborted && missed === undefined) {
      await open();
      await sleep(REOPEN_AFTER_MS);
      if (expired && !stopped.signal.aborted) await startAnew();
    }
  };
  follow().catch((error: unknown) => {
    missed = new Error(`The observer ended: ${String(error)}.`);
  });

  return {
    of(group) {
      if (missed !== undefined) throw missed;
      return tally.of(group);
    },
    stop: () => stopped.abort(),
  };
}

const versions = (pods: readonly V1Pod[]): [string, string][] =>
  pods.map(({ metadata }) => [metadata?.uid ?? "", metadata?.resourceVersion ?? ""]);

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
