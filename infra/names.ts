import type { LaneName } from "../lib/work/lanes.ts";

/** The queues that feed functions. */
export type QueueName = "registration" | LaneName;

/** Namespace of the metrics the functions write themselves; their one dimension is `Stack`. */
export const METRIC_NAMESPACE = "Outrigger";
