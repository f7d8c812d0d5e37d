/**
 * Every reason the conditions Ready, Progressing, Held and Stalled of a MultiAZRollout may carry. Each has its row in
 * docs/rollouts.md: what it means, and what to do.
 */
export type Reason =
  | SpecReason
  | ClusterReason
  | GateReason
  | "Aborted"
  | "AdoptingStrategy"
  | "ApprovalNeeded"
  | "AskingGates"
  | "Completed"
  | "ForeignController"
  | "HomeConflict"
  | "LookingForControllers"
  | "MembershipChanged"
  | "MultipleZonesUnready"
  | "NoStatefulSets"
  | "NotOnDelete"
  | "Overlap"
  | "Paused"
  | "PausedByOrder"
  | "ProgressDeadlineExceeded"
  | "ReadingStatefulSets"
  | "ReplacingPods"
  | "RestoringTemplate"
  | "RolledBack"
  | "Soaking"
  | "StatefulSetPaused"
  | "TemplateRejected"
  | "UpToDate"
  | "WaitingForInterval"
  | "WaitingForPods"
  | "WaitingForRollout"
  | "WaitingForStatefulSet"
  | "WaitingForZone"
  | "WriteRefused"
  | "ZonalShiftActive"
  | "ZonalShiftsUnknown"
  | "ZoneConflict";

/** Why a spec is refused. */
export type SpecReason = "InvalidSpec" | "NamespaceMismatch";

/** Why the cluster could not be read. */
export type ClusterReason = "Unreachable" | "AuthFailed" | "Forbidden" | "CustomResourceMissing" | "ApiServerError";

/** Why a gate is not open. */
export type GateReason =
  | "AlarmActive"
  | "AlarmNotFound"
  | "GateFailed"
  | "GateNoData"
  | "GateNotAllowed"
  | "ProbeNotHealthy"
  | "QueryNotMet";
