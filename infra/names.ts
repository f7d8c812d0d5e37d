import type { LaneName } from "../lib/work/lanes.ts";

/** The queues that feed functions. */
export type QueueName = "registration" | LaneName;
