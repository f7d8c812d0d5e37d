import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import type { Pod } from "../../lib/kubernetes/objects.ts";
import { PODS } from "../../lib/kubernetes/types.ts";

const POLL_MS = 50;

/**
 * The floor: zone after zone, lists the zone's pods each 50 ms and deletes old ones so that the budget is always full.
 * It looks at nothing else and would be safe nowhere.
 */
export async function runReferenceLoop(
  client: KubernetesClient,
  namespace: string,
  group: { sets: readonly string[]; replicas: number; maxUnavailable: number; version: string },
): Promise<void> {
  for (const set of group.sets) {
    for (;;) {
      const { items } = await client.list<Pod>(PODS, { namespace, labelSelector: `app=${set}` });
      const alive = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      const ready = alive.filter(({ status }) =>
        status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True"),
      );
      const old = alive.filter(({ metadata }) => metadata.annotations?.["version"] !== group.version);
      if (old.length === 0 && ready.length === group.replicas) break;
      const places = group.maxUnavailable - (group.replicas - ready.length);
      await Promise.all(
        old
          .slice(0, Math.max(0, places))
          .map(({ metadata: { name, uid = "" } }) =>
            client.delete(PODS, { namespace, name }, { preconditions: { uid } }),
          ),
      );
      await sleep(POLL_MS);
    }
  }
}
