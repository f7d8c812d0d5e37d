/** Label of StatefulSets that must not be scaled down, with the value `true` (`grafana/rollout-operator`). */
export const NO_DOWNSCALE_LABEL = "grafana.com/no-downscale";

/** Name of the ValidatingAdmissionPolicy and of its binding; deleting the policy ends the guard, whatever else is left. */
export const NO_DOWNSCALE_POLICY = "outrigger-no-downscale";
