import type { Capability } from "../registry/registration.ts";

/** The three lanes of the one worker. */
export type LaneName = "probe" | "reconcile" | "rollout";

/** Sizes of a lane. The infrastructure builds queues, functions and mappings from this table. */
export interface LaneSettings {
  /** Records per invocation. */
  batchSize: number;
  /** Lambda timeout, seconds. The queue's visibility timeout is six times this. */
  timeoutSeconds: number;
  /** When a pass hands over to the next invocation, seconds after its start. */
  handoverSeconds: number;
  /** Concurrent invocations from the queue; an option of each deployment. */
  maxConcurrency: number;
  /** Receives before a message goes to the dead-letter queue. */
  maxReceiveCount: number;
  memoryMb: number;
}

/** Source: docs of the design, lanes. */
export const LANES: Record<LaneName, LaneSettings> = {
  probe: {
    batchSize: 10,
    timeoutSeconds: 60,
    handoverSeconds: 45,
    maxConcurrency: 50,
    maxReceiveCount: 5,
    memoryMb: 512,
  },
  reconcile: {
    batchSize: 5,
    timeoutSeconds: 120,
    handoverSeconds: 90,
    maxConcurrency: 50,
    maxReceiveCount: 5,
    memoryMb: 512,
  },
  rollout: {
    batchSize: 1,
    timeoutSeconds: 120,
    handoverSeconds: 90,
    maxConcurrency: 50,
    maxReceiveCount: 5,
    memoryMb: 512,
  },
};

/** Which lane works on a kind. A kind that is not here is no work. */
export const LANE_OF_KIND: Record<string, LaneName> = {
  Discovery: "reconcile",
  MultiAZRollout: "rollout",
};

/** What a registration must name before work of a kind is attempted. A kind that is not here needs nothing. */
export const CAPABILITY_OF_KIND: Record<string, Capability> = {
  MultiAZRollout: "rollouts",
};
