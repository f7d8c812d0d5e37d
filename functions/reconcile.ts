import { createDiscoveryReconciler } from "../lib/registry/discover.ts";
import { openLane, serveLane } from "./lane.ts";

const hub = openLane("reconcile");

/** Fed by the reconcile queue, or invoked directly: finds the resources of clusters and hands them to their lanes. */
export const handler = serveLane(hub, [createDiscoveryReconciler({ ...hub, work: hub.store })]);
