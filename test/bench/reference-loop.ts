import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import type { Pod } from "../../lib/kubernetes/objects.ts";
import { PODS } from "../../lib/kubernetes/types.ts";
import { followPods } from "./pod-events.ts";
import { isReady } from "./zone-watcher.ts";

/**
 * The floor, the best case of any loop: zone after zone, told of each change by a watch, it deletes an old pod the moment
 * the budget has a place, all that fit at once, and begins the next zone with the event that ends this one. One list, one
 * watch and one request per pod. It asks nobody, writes nothing down, looks at no other zone and survives nothing: it
 * would be safe nowhere.
 */
export async function runReferenceLoop(
  client: KubernetesClient,
  namespace: string,
  group: { sets: readonly string[]; replicas: number; maxUnavailable: number; version: string },
): Promise<void> {
  const stop = new AbortController();
  const { items, resourceVersion } = await client.list<Pod>(PODS, { namespace });
  const pods = new Map(items.map((pod) => [pod.metadata.name, pod]));
  const deleted = new Set<string>();
  const deletes: Promise<void>[] = [];
  let current = 0;
  /** Begins the deletes that the budget allows and waits for none of them. @returns whether every zone is done. */
  const step = (): boolean => {
    for (; current < group.sets.length; current += 1) {
      const mine = [...pods.values()].filter(({ metadata }) => metadata.name.startsWith(`${group.sets[current]}-`));
      const alive = mine.filter((pod) => !deleted.has(pod.metadata.uid ?? ""));
      const ready = alive.filter(isReady);
      const old = alive.filter(({ metadata }) => metadata.annotations?.["version"] !== group.version);
      if (old.length === 0 && ready.length === group.replicas) continue;
      for (const { metadata } of old.slice(0, Math.max(0, group.maxUnavailable - (group.replicas - ready.length)))) {
        const { name, uid = "" } = metadata;
        deleted.add(uid);
        const one = client.delete(PODS, { namespace, name }, { preconditions: { uid } });
        one.catch(() => stop.abort());
        deletes.push(one);
      }
      return false;
    }
    return true;
  };
  if (step()) return;
  for await (const event of followPods(client, namespace, { resourceVersion, signal: stop.signal })) {
    const { name, uid } = event.object.metadata;
    if (event.type !== "DELETED") pods.set(name, event.object);
    else if (pods.get(name)?.metadata.uid === uid) pods.delete(name);
    if (step()) break;
  }
  await Promise.all(deletes);
}
