import type { KubernetesObject } from "../kubernetes/objects.ts";

/** Annotation by which a rollout claims a StatefulSet: `<hub id>/<namespace>/<name>`. */
export const CLAIM_ANNOTATION = "outrigger.dev/rollout";

/** The claim a resource of a hub leaves on its StatefulSets. */
export function claimOwner(hubId: string, namespace: string, name: string): string {
  return `${hubId}/${namespace}/${name}`;
}

/** @returns who claims the object; undefined when nobody does. */
export function claimOf({ metadata }: KubernetesObject): string | undefined {
  const claim = metadata.annotations?.[CLAIM_ANNOTATION];
  return claim === "" ? undefined : claim;
}

/**
 * Whether another hub has claimed any of these for the same resource. Then that hub writes the resource's status, and
 * this one keeps its own view to itself.
 */
export function servedByAnotherHub(objects: readonly KubernetesObject[], owner: string): boolean {
  const sameResource = `/${owner.split("/").slice(-2).join("/")}`;
  return objects.some((object) => {
    const claim = claimOf(object);
    return claim !== undefined && claim !== owner && claim.endsWith(sameResource);
  });
}
