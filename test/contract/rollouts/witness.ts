import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { PODS, STATEFUL_SETS } from "../../../lib/kubernetes/types.ts";
import { followPods } from "../../bench/pod-events.ts";
import { isReady } from "../../bench/zone-watcher.ts";

/** A pod that went, as the watch first showed it. */
export interface GonePod {
  name: string;
  uid: string;
  zone: string;
  /** Label controller-revision-hash. */
  revision: string;
  /** Whether its StatefulSet wanted another one at that moment. */
  outdated: boolean;
}

/** A time in which pods that were deleted were missing: from the first to the last one that is Ready again. */
export type Window = readonly GonePod[];

export interface WitnessOptions {
  namespace: string;
  zoneOf: (pod: Pod) => string;
  /** Most pods of a zone that may be unavailable because of a rollout. */
  maxUnavailable: number;
  /** Names of pods that somebody else takes away. */
  others?: readonly string[];
}

/** An observer with rights of its own, who sees every pod event of a namespace. */
export interface Witness {
  /** Pods that went, in the order in which they were seen to go. */
  gone(): readonly GonePod[];
  /** Pods that are there and not on their way out. */
  staying(): readonly Pod[];
  windows(): readonly Window[];
  /** Promises that were broken, as sentences. */
  violations(): string[];
  close(): Promise<void>;
}

/** Watches from now on. Pods that were not Ready when they went were not disrupted by that. */
export async function observe(client: KubernetesClient, options: WitnessOptions): Promise<Witness> {
  const { namespace, zoneOf, others = [] } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const [pods, sets] = await Promise.all([
    client.list<Pod>(PODS, { namespace }),
    client.list<StatefulSet>(STATEFUL_SETS, { namespace }),
  ]);
  const known = new Map(pods.items.map((pod) => [pod.metadata.uid, pod]));
  const wishes = sets.items.map(wishOf);
  const gone = new Map<string, GonePod>();
  const missing = new Map<string, GonePod>();
  const windows: GonePod[][] = [];
  const violations: string[] = [];

  const look = (): void => {
    const zones = Map.groupBy(missing.values(), ({ zone }) => zone);
    if (zones.size > 1) violations.push(`pods of two zones are missing: ${[...missing.keys()].join(", ")}`);
    for (const [zone, { length }] of zones) {
      if (length > options.maxUnavailable) violations.push(`${length} pods of ${zone} are missing`);
    }
  };
  const seenGoing = (pod: Pod, before: Pod | undefined): void => {
    const { name, uid = "", labels, ownerReferences } = pod.metadata;
    if (gone.has(uid)) return;
    const revision = labels?.["controller-revision-hash"] ?? "";
    const owner = ownerReferences?.[0]?.uid;
    const version = versionOf(pod);
    const one: GonePod = {
      name,
      uid,
      zone: zoneOf(before ?? pod),
      revision,
      get outdated() {
        const wish = wishes.findLast((each) => each.uid === owner && each.version < version);
        return wish?.revision !== revision;
      },
    };
    gone.set(uid, one);
    if (others.includes(name)) return;
    if (missing.size === 0) windows.push([]);
    windows.at(-1)?.push(one);
    if (before !== undefined && isReady(before)) missing.set(name, one);
    look();
  };
  const watching = [
    (async () => {
      for await (const { type, object } of followPods(client, namespace, { ...pods, signal })) {
        const { uid, name, deletionTimestamp } = object.metadata;
        if (type === "DELETED" || deletionTimestamp !== undefined) seenGoing(object, known.get(uid));
        known.set(uid, object);
        if (isReady(object) && missing.get(name)?.uid !== uid) missing.delete(name);
      }
    })(),
    (async () => {
      let { resourceVersion } = sets;
      while (!signal.aborted) {
        for await (const event of client.watch<StatefulSet>(STATEFUL_SETS, { namespace, resourceVersion, signal })) {
          resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
          if (event.type === "BOOKMARK") continue;
          wishes.push(wishOf(event.object));
        }
      }
    })(),
  ].map((watch) =>
    watch.catch((error: unknown) => {
      if (!signal.aborted) violations.push(`the observer saw no more: ${String(error)}`);
    }),
  );
  return {
    gone: () => [...gone.values()],
    staying: () => [...known.values()].filter(({ metadata: { uid = "" } }) => !gone.has(uid)),
    windows: () => windows,
    violations() {
      const wrong = [...gone.values()].filter(({ name, outdated }) => !outdated && !others.includes(name));
      return [...violations, ...wrong.map(({ name }) => `${name} of the wanted revision was deleted`)];
    },
    async close() {
      stop.abort();
      await Promise.all(watching);
    },
  };
}

/** What a StatefulSet wanted from one version of the cluster on. Versions of one cluster count all its changes. */
interface Wish {
  uid: string | undefined;
  version: number;
  revision: string;
}

const versionOf = ({ metadata }: Pod | StatefulSet): number => Number(metadata.resourceVersion);

const wishOf = (set: StatefulSet): Wish => ({
  uid: set.metadata.uid,
  version: versionOf(set),
  revision: set.status?.updateRevision ?? "",
});
