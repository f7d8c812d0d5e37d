/** Detail types of the events that reach the registration queue. */
export const ACCEPTED_DETAIL_TYPES = [
  "Cluster Registered",
  "Cluster Updated",
  "Cluster Deregistered",
  "Resource Changed",
] as const;
export type AcceptedDetailType = (typeof ACCEPTED_DETAIL_TYPES)[number];

/** Detail types of the events the hub puts on its bus, all with source `outrigger`. */
export const EMITTED_DETAIL_TYPES = [
  "Cluster Registration Completed",
  "Cluster Registration Rejected",
  "Cluster Deregistration Completed",
  "Cluster Health Changed",
  "Rollout Started",
  "Rollout Zone Completed",
  "Rollout Held",
  "Rollout Stalled",
  "Rollout Aborted",
  "Rollout Rolled Back",
  "Rollout Completed",
] as const;
export type EmittedDetailType = (typeof EMITTED_DETAIL_TYPES)[number];
