import type { ResourceType } from "../kubernetes/client.ts";
import { MULTI_AZ_ROLLOUTS } from "../kubernetes/types.ts";
import type { Capability, Registration } from "./registration.ts";

/** The custom resources each capability reconciles; they live in the managed cluster. */
export const RESOURCES_OF: Record<Capability, readonly ResourceType[]> = {
  observe: [],
  rollouts: [MULTI_AZ_ROLLOUTS],
};

/** The custom resources looked for in this cluster. */
export function resourcesOf(registration: Pick<Registration, "capabilities">): ResourceType[] {
  return registration.capabilities.flatMap((capability) => RESOURCES_OF[capability]);
}

/** The capability a kind belongs to, or undefined when nothing of ours reconciles it. */
export function capabilityOfKind(kind: string): Capability | undefined {
  return (Object.keys(RESOURCES_OF) as Capability[]).find((capability) =>
    RESOURCES_OF[capability].some((type) => type.kind === kind),
  );
}

/** Whether the registration covers a namespace; one without namespaces covers all. */
export function coversNamespace(registration: Pick<Registration, "namespaces">, namespace: string): boolean {
  return registration.namespaces.length === 0 || registration.namespaces.includes(namespace);
}

/** `multiazrollouts.rollout.grafana.com`: the name of a type's CRD, and how RBAC messages name the resource. */
export function qualifiedName(type: ResourceType): string {
  const slash = type.apiVersion.indexOf("/");
  return slash === -1 ? type.plural : `${type.plural}.${type.apiVersion.slice(0, slash)}`;
}
