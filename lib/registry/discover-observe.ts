import type { KubernetesClient, ResourceType } from "../kubernetes/client.ts";
import { ApiError, ConnectionError } from "../kubernetes/errors.ts";
import type { KubernetesObject } from "../kubernetes/objects.ts";
import { qualifiedName, resourcesOf } from "./capabilities.ts";
import type { Listing } from "./discover-plan.ts";
import type { Registration } from "./registration.ts";

/** What one look at a cluster brought. */
export interface DiscoveryObservation {
  listings: Listing[];
  /** From the API server's Date header, ISO-8601 UTC; absent when no list came. */
  observedAt?: string;
}

/**
 * One metadata list for each custom resource of the registration's capabilities; one for each namespace where it is limited
 * to some, because Roles allow no more. A list counts as complete only when all of them came.
 */
export async function observeResources(
  client: KubernetesClient,
  registration: Registration,
): Promise<DiscoveryObservation> {
  const observation: DiscoveryObservation = { listings: [] };
  const scopes =
    registration.namespaces.length === 0 ? [{}] : registration.namespaces.map((namespace) => ({ namespace }));
  for (const type of resourcesOf(registration)) {
    try {
      const lists = await Promise.all(
        scopes.map((scope) => client.list<KubernetesObject>(type, { ...scope, as: "metadata" })),
      );
      const found = lists.flatMap(({ items }) => items.flatMap(({ metadata }) => foundResource(metadata)));
      observation.listings.push({ kind: type.kind, complete: true, found });
      observation.observedAt ??= lists[0]?.observedAt ?? new Date(0).toISOString();
    } catch (error) {
      observation.listings.push(incomplete(type, registration, error));
    }
  }
  return observation;
}

function foundResource({ namespace = "", name, uid, generation = 0 }: KubernetesObject["metadata"]) {
  return uid === undefined ? [] : [{ namespace, name, uid, generation }];
}

/** Sorts a failed list into the reasons that hold everything; what is none of them is thrown on. */
function incomplete(type: ResourceType, registration: Registration, error: unknown): Listing {
  const resource = qualifiedName(type);
  const cluster = `cluster ${registration.name}`;
  const held = (reason: (Listing & { complete: false })["reason"], message: string): Listing => ({
    kind: type.kind,
    complete: false,
    reason,
    message,
  });
  if (error instanceof ConnectionError)
    return held("Unreachable", `${cluster} did not answer (${error.failure}): ${error.message}`);
  if (!(error instanceof ApiError)) throw error;
  switch (error.status) {
    case 404:
      return held(
        "CustomResourceMissing",
        `the CustomResourceDefinition ${resource} is not served by ${cluster}; register with installCustomResources: true, or apply it by hand`,
      );
    case 403: {
      const scope = registration.namespaces.length === 0 ? "cluster-wide" : `in ${registration.namespaces.join(", ")}`;
      return held(
        "Forbidden",
        `${cluster} forbids the list of ${resource} ${scope} (verb list); bind outrigger:rollouts to the group outrigger: ${error.message}`,
      );
    }
    case 401:
      return held(
        "Unauthorized",
        `${cluster} does not accept the credentials; check the access entry or the kubeconfig: ${error.message}`,
      );
    case 410:
      return held(
        "Expired",
        `the list of ${resource} in ${cluster} expired between two pages; it is read again with the next pass`,
      );
    default:
      return held("ServerError", `${cluster} answered the list of ${resource} with ${error.status}: ${error.message}`);
  }
}
