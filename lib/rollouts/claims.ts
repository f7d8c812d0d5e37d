import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { KubernetesObject, StatefulSet } from "../kubernetes/objects.ts";
import { STATEFUL_SETS } from "../kubernetes/types.ts";
import { givingBack } from "./adoption.ts";
import { CLAIM_ANNOTATION, claimOf, claimOwner, claimPrefix, writtenInto } from "./claim.ts";

/** What came of laying a claim. */
export type ClaimResult =
  | { result: "claimed"; statefulSet: StatefulSet }
  | { result: "overlap"; owner: string }
  /** It is not what was looked at: what was decided on it may be wrong by now. */
  | { result: "changed" };

type Restored = ReturnType<typeof givingBack>;

/** A StatefulSet's status changes all the time, and each change makes a resourceVersion stale. */
const ATTEMPTS = 6;

/**
 * Claims one StatefulSet for `owner` under a resourceVersion precondition, reading it again after each conflict.
 * @param target `seen`: what was written into it when it was looked at (`writtenInto`); absent = that does not matter.
 * @throws ApiError when the cluster refuses (404 gone, 403 forbidden) or the object never holds still.
 */
export async function claimStatefulSet(
  client: KubernetesClient,
  target: { namespace: string; name: string; resourceVersion: string; seen?: string },
  owner: string,
): Promise<ClaimResult> {
  const { namespace, name, seen } = target;
  let { resourceVersion } = target;
  for (let attempt = 1; ; attempt++) {
    try {
      const statefulSet = await annotate(client, { namespace, name, resourceVersion }, owner);
      return { result: "claimed", statefulSet };
    } catch (error) {
      if (!isApiError(error, 409) || attempt === ATTEMPTS) throw error;
    }
    const current = await client.get<StatefulSet>(STATEFUL_SETS, { namespace, name });
    const holder = claimOf(current);
    if (holder !== undefined && holder !== owner) return { result: "overlap", owner: holder };
    if (seen !== undefined && writtenInto(current) !== seen) return { result: "changed" };
    if (holder === owner) return { result: "claimed", statefulSet: current };
    resourceVersion = current.metadata.resourceVersion ?? "";
  }
}

/**
 * Gives one StatefulSet back, with the strategy it had, when `owner` holds it. Gone or held by another is as good.
 * @param restored what goes back together with the claim.
 * @returns the StatefulSet as it is then; undefined when there was nothing to give back.
 */
export async function releaseClaim(
  client: KubernetesClient,
  target: { namespace: string; name: string },
  owner: string,
  restored: (current: StatefulSet) => Restored = givingBack,
): Promise<StatefulSet | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      const current = await client.get<StatefulSet>(STATEFUL_SETS, target);
      if (claimOf(current) !== owner) return undefined;
      return await giveBack(client, target, current, restored(current));
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      if (!isApiError(error, 409) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Whose claims: those of all resources of a registration in these namespaces (none = all), or those of one resource. */
export type ClaimScope =
  | { cluster: string; namespaces: readonly string[] }
  | { cluster: string; resource: { namespace: string; name: string } };

/**
 * Gives back the claims of one registration, e.g. when its cluster is deregistered, or of one resource of it.
 * @returns the StatefulSets released, as `namespace/name`.
 */
export async function releaseClaims(client: KubernetesClient, hubId: string, scope: ClaimScope): Promise<string[]> {
  const named = "resource" in scope ? [scope.resource.namespace] : scope.namespaces;
  const namespaces = named.length === 0 ? [undefined] : named;
  const prefix = claimPrefix(hubId, scope.cluster);
  const owner = "resource" in scope ? claimOwner(hubId, { cluster: scope.cluster, ...scope.resource }) : undefined;
  const released: string[] = [];
  for (const namespace of namespaces) {
    const listed = await client.list<KubernetesObject>(STATEFUL_SETS, {
      as: "metadata",
      ...(namespace === undefined ? {} : { namespace }),
    });
    for (const object of listed.items) {
      const claim = claimOf(object);
      if (claim === undefined || !(owner === undefined ? claim.startsWith(prefix) : claim === owner)) continue;
      const target = { namespace: object.metadata.namespace ?? namespace ?? "", name: object.metadata.name };
      if ((await releaseClaim(client, target, claim)) !== undefined)
        released.push(`${target.namespace}/${target.name}`);
    }
  }
  return released;
}

function giveBack(
  client: KubernetesClient,
  target: { namespace: string; name: string },
  { metadata: { resourceVersion } }: StatefulSet,
  { annotations, ...rest }: Restored,
): Promise<StatefulSet> {
  const patch = { metadata: { resourceVersion, annotations: { [CLAIM_ANNOTATION]: null, ...annotations } }, ...rest };
  return client.patch<StatefulSet>(STATEFUL_SETS, target, patch, { type: "merge", fieldManager: "outrigger" });
}

function annotate(
  client: KubernetesClient,
  { namespace, name, resourceVersion }: { namespace: string; name: string; resourceVersion: string },
  owner: string,
): Promise<StatefulSet> {
  const patch = { metadata: { resourceVersion, annotations: { [CLAIM_ANNOTATION]: owner } } };
  return client.patch<StatefulSet>(STATEFUL_SETS, { namespace, name }, patch, {
    type: "merge",
    fieldManager: "outrigger",
  });
}
