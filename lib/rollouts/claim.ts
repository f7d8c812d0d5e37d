import type { KubernetesObject } from "../kubernetes/objects.ts";

/** Annotation by which a rollout claims a StatefulSet: `<hub id>.<cluster>/<namespace>/<name>`. */
export const CLAIM_ANNOTATION = "outrigger.dev/rollout";

/** What the claims of one registration of a hub begin with. One cluster under two names has two owners. */
export const claimPrefix = (hubId: string, cluster: string): string => `${hubId}.${cluster}/`;

/** The claim a resource leaves on its StatefulSets. `cluster` is the name under which the hub knows the cluster. */
export function claimOwner(
  hubId: string,
  { cluster, namespace, name }: { cluster: string; namespace: string; name: string },
): string {
  return `${claimPrefix(hubId, cluster)}${namespace}/${name}`;
}

/** @returns who claims the object; undefined when nobody does. */
export function claimOf({ metadata }: KubernetesObject): string | undefined {
  const claim = metadata.annotations?.[CLAIM_ANNOTATION];
  return claim === "" ? undefined : claim;
}

/** What people and controllers have written into an object, apart from its status and from claims: equal while they change nothing. */
export function writtenInto({ metadata }: KubernetesObject): string {
  const { [CLAIM_ANNOTATION]: _claim, ...annotations } = metadata.annotations ?? {};
  const sorted = (map: Record<string, string> = {}) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([metadata.uid, metadata.generation, sorted(metadata.labels), sorted(annotations)]);
}

/**
 * Whether another hub (or this one, under another name of the cluster) has claimed any of these for the same resource.
 * Then that one writes the resource's status, and this one keeps its own view to itself.
 */
export function servedByAnotherHub(objects: readonly KubernetesObject[], owner: string): boolean {
  const sameResource = `/${owner.split("/").slice(-2).join("/")}`;
  return objects.some((object) => {
    const claim = claimOf(object);
    return claim !== undefined && claim !== owner && claim.endsWith(sameResource);
  });
}
