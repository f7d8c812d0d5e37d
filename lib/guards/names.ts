/** Label of StatefulSets that must not be scaled down, with the value `true` (`grafana/rollout-operator`). */
export const NO_DOWNSCALE_LABEL = "grafana.com/no-downscale";

/** Name of the ValidatingAdmissionPolicy; deleting it ends the guard, whatever else is left. */
export const NO_DOWNSCALE_POLICY = "outrigger-no-downscale";

/** Names of its bindings: for updates of a StatefulSet, and for its Scale. */
export const NO_DOWNSCALE_BINDINGS = {
  NO_UPDATE: "outrigger-no-downscale",
  NO_SCALE: "outrigger-no-downscale-scale",
} as const;
