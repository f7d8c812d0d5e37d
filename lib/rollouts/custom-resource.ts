import type { CustomResource } from "../kubernetes/custom-resources.ts";
import { MULTI_AZ_ROLLOUTS } from "../kubernetes/types.ts";
import { MultiAZRolloutSpec } from "./spec.ts";

/** What the CustomResourceDefinition of MultiAZRollout is generated from. */
export const MULTI_AZ_ROLLOUT: CustomResource = {
  group: "rollout.grafana.com",
  version: "v1alpha1",
  kind: MULTI_AZ_ROLLOUTS.kind,
  plural: MULTI_AZ_ROLLOUTS.plural,
  description:
    "Coordinates rolling updates of several StatefulSets, one per availability zone, so that two zones are never disrupted at once.",
  spec: MultiAZRolloutSpec,
  columns: [
    { name: "PHASE", type: "string", jsonPath: ".status.phase" },
    { name: "ZONE", type: "string", jsonPath: ".status.currentZone" },
    { name: "UPDATED", type: "string", jsonPath: ".status.updated", description: "Updated pods of all pods." },
    { name: "REASON", type: "string", jsonPath: ".status.conditions[?(@.type=='Ready')].reason", priority: 1 },
    { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
};
