import type { KubernetesClient, ListResult } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { Deployment, KubernetesObject, Pod, StatefulSet } from "../kubernetes/objects.ts";
import { formatSelector } from "../kubernetes/selectors.ts";
import { DEPLOYMENTS, MULTI_AZ_ROLLOUTS, NODES, PODS, STATEFUL_SETS } from "../kubernetes/types.ts";
import { findForeignController } from "./foreign-controller.ts";
import type { MultiAZRollout, Observation } from "./observation.ts";
import { isOwned } from "./pods.ts";
import { podSelector } from "./selection.ts";
import { type RolloutSpec, selectorOf } from "./spec.ts";
import { needsNodes } from "./zones.ts";

/**
 * Reads the resource.
 * @returns undefined when it is gone. A missing CRD is no answer to that question and throws.
 */
export async function observeResource(
  client: KubernetesClient,
  name: { namespace: string; name: string },
): Promise<MultiAZRollout | undefined> {
  try {
    return await client.get<MultiAZRollout>(MULTI_AZ_ROLLOUTS, name);
  } catch (error) {
    if (isApiError(error, 404, "NotFound")) return undefined;
    throw error;
  }
}

/** Lists the StatefulSets the spec selects. */
export function observeStatefulSets(
  client: KubernetesClient,
  namespace: string,
  spec: RolloutSpec,
): Promise<ListResult<StatefulSet>> {
  return client.list<StatefulSet>(STATEFUL_SETS, { namespace, labelSelector: formatSelector(selectorOf(spec)) });
}

/** Lists the pods of these StatefulSets in one request; pods of others may be among them. */
export function observePods(
  client: KubernetesClient,
  namespace: string,
  statefulSets: readonly StatefulSet[],
): Promise<ListResult<Pod>> {
  const labelSelector = podSelector(statefulSets);
  return client.list<Pod>(PODS, { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) });
}

/** Zones of the nodes the pods run on, for the StatefulSets whose zone nothing else tells; no request when there are none. */
export async function observeNodeZones(
  client: KubernetesClient,
  statefulSets: readonly StatefulSet[],
  pods: readonly Pod[],
  spec: RolloutSpec,
): Promise<Required<Pick<Observation, "nodeZones" | "zoneOfNode">>> {
  const topologyKey = spec.rollingUpdate.azTopologyKey;
  const unnamed = needsNodes(statefulSets, { azOrder: spec.azOrder, topologyKey });
  if (unnamed.length === 0) return { nodeZones: {}, zoneOfNode: {} };
  const nodes = await client.list<KubernetesObject>(NODES, { as: "metadata" });
  const zoneOf = new Map(
    nodes.items.flatMap(({ metadata }) => {
      const zone = metadata.labels?.[topologyKey];
      return zone === undefined ? [] : [[metadata.name, zone] as const];
    }),
  );
  const nodeZones = Object.fromEntries(
    statefulSets
      .filter(({ metadata }) => unnamed.includes(metadata.name))
      .map((statefulSet) => {
        const owned = pods.filter((pod) => isOwned(pod, statefulSet));
        const zones = owned.flatMap(({ spec: pod }) => zoneOf.get(pod?.nodeName ?? "") ?? []);
        return [statefulSet.metadata.name, [...new Set(zones)].sort()];
      }),
  );
  return { nodeZones, zoneOfNode: Object.fromEntries(zoneOf) };
}

/** Looks for a controller that could act on the same group, in the namespaces this hub may read (empty = all). */
export async function observeForeignController(
  client: KubernetesClient,
  namespace: string,
  readable: readonly string[],
): Promise<string | undefined> {
  const scopes = readable.length === 0 ? [{}] : readable.map((each) => ({ namespace: each }));
  const lists = await Promise.all(scopes.map((scope) => client.list<Deployment>(DEPLOYMENTS, scope)));
  return findForeignController(
    lists.flatMap(({ items }) => items),
    namespace,
  );
}
