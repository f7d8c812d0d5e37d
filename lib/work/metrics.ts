/** CloudWatch namespace of everything the functions count; the one dimension is `Stack`, the stack's name. */
export const METRICS_NAMESPACE = "Outrigger";

export interface MetricDefinition {
  unit: "Count" | "Milliseconds" | "Seconds";
  /** The functions that write it. */
  by: readonly string[];
  /** What a value says, and when one is written. */
  meaning: string;
}

/**
 * Every metric the functions write themselves: nothing else is counted, shown or alarmed on in their namespace. The names
 * of rollouts are those Prometheus users know from in-cluster rollout operators.
 */
export const METRICS = {
  DispatchHeartbeat: {
    unit: "Count",
    by: ["dispatch"],
    meaning: "1 at the end of each dispatch run that went through all that is due; single rows may have failed.",
  },
  DispatchedWork: {
    unit: "Count",
    by: ["dispatch"],
    meaning: "Messages posted by one dispatch run for work that was due.",
  },
  DispatchFailedRows: {
    unit: "Count",
    by: ["dispatch"],
    meaning:
      "Rows that were due and could not be claimed or posted; the run fails and its message names the first one.",
  },
  DueToTakenLag: {
    unit: "Milliseconds",
    by: ["reconcile", "rollout"],
    meaning: "From the time work was due until a worker took it.",
  },
  LeaseLost: {
    unit: "Count",
    by: ["reconcile", "rollout"],
    meaning: "A worker that outlived its lease: what it would have saved was refused, another one did the work again.",
  },
  MalformedMessages: {
    unit: "Count",
    by: ["register", "probe", "reconcile", "rollout"],
    meaning: "A message that cannot be parsed and was put into the dead-letter queue.",
  },
  RegistrationsRejected: {
    unit: "Count",
    by: ["register"],
    meaning: "A cluster event that was refused; the event Cluster Registration Rejected says why.",
  },
  ProbeLatency: { unit: "Milliseconds", by: ["probe"], meaning: "Time of one cluster's answer to `/readyz`." },
  ClustersHealthy: {
    unit: "Count",
    by: ["dispatch"],
    meaning: "Clusters of the whole fleet whose last probe found them healthy; told each minute.",
  },
  ClustersUnhealthy: { unit: "Count", by: ["dispatch"], meaning: "Clusters whose last probe found anything else." },
  ClustersUnknown: {
    unit: "Count",
    by: ["dispatch"],
    meaning: "Clusters that should have been probed lately, but of which no result has come.",
  },
  rollout_operator_group_reconciles_total: {
    unit: "Count",
    by: ["rollout"],
    meaning: "1 for each pass over a MultiAZRollout.",
  },
  rollout_operator_group_reconciles_failed_total: {
    unit: "Count",
    by: ["rollout"],
    meaning: "1 for each pass that ended in trouble.",
  },
  rollout_operator_group_reconcile_duration_seconds: {
    unit: "Seconds",
    by: ["rollout"],
    meaning: "How long a pass took.",
  },
  rollout_operator_last_successful_group_reconcile_timestamp_seconds: {
    unit: "Seconds",
    by: ["rollout"],
    meaning: "When a pass last ended well, in seconds since 1970.",
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
