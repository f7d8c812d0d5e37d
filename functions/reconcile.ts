import { createDiscoveryReconciler } from "../lib/registry/discover.ts";
import { tellDeregistered } from "../lib/registry/tell-deregistered.ts";
import { openLane, serveLane } from "./lane.ts";

const hub = openLane("reconcile");

/** Fed by the reconcile queue, or invoked directly: finds the resources of clusters and hands them to their lanes. */
export const handler = serveLane(hub, {
  reconcilers: [createDiscoveryReconciler({ ...hub, work: hub.store })],
  lastWords: (tombstone) => tellDeregistered(hub, tombstone),
});
