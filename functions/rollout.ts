import { createRolloutReconciler } from "../lib/rollouts/reconcile.ts";
import { openLane, serveLane } from "./lane.ts";

/** Fed by the rollout queue, or invoked directly: steps the rollouts of resources. */
export const handler = serveLane(openLane("rollout"), [createRolloutReconciler()]);
