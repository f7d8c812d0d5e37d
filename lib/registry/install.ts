import {
  type CustomResource,
  type CustomResourceDefinition,
  customResourceDefinition,
} from "../kubernetes/custom-resources.ts";
import { installCustomResource } from "../kubernetes/install-custom-resource.ts";
import { MULTI_AZ_ROLLOUT } from "../rollouts/custom-resource.ts";
import type { InstallCustomResources } from "./ports.ts";
import type { Capability } from "./registration.ts";

const CUSTOM_RESOURCES: Record<Capability, readonly CustomResource[]> = {
  observe: [],
  rollouts: [MULTI_AZ_ROLLOUT],
};

/** The CRDs these capabilities need, as they are installed and shipped. */
export function definitionsOf(capabilities: readonly Capability[]): CustomResourceDefinition[] {
  return capabilities.flatMap((capability) => CUSTOM_RESOURCES[capability].map(customResourceDefinition));
}

/**
 * Brings the CRDs of a registration's capabilities into its cluster and returns when they are served. One that somebody else
 * installed is left as it is, as long as it serves what we need.
 * @throws Error when one is not usable; `ApiError` and `ConnectionError` as the client throws them.
 */
export const installCustomResources: InstallCustomResources = async (client, { capabilities }) => {
  for (const definition of definitionsOf(capabilities)) {
    const { usable, message } = await installCustomResource(client, definition);
    if (!usable) throw new Error(message ?? `CustomResourceDefinition ${definition.metadata.name} is not usable.`);
  }
};
