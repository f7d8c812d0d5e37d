import { createHomes } from "../lib/hub/home.ts";
import { createRolloutReconciler } from "../lib/rollouts/reconcile.ts";
import { openLane, serveLane } from "./lane.ts";

const hub = openLane("rollout");
const homes = createHomes({ hub: hub.hub, work: hub.store });

/** Fed by the rollout queue, or invoked directly: steps the rollouts of resources. */
export const handler = serveLane(hub, [createRolloutReconciler(homes)]);
