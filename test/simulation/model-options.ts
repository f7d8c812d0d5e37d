import type { KubernetesObject } from "../../lib/kubernetes/objects.ts";
import type { VirtualClock } from "./clock.ts";

export type Collection =
  | "statefulsets"
  | "pods"
  | "multiazrollouts"
  | "deployments"
  | "nodes"
  | "controllerrevisions"
  | "persistentvolumeclaims"
  | "persistentvolumes"
  | "replicatemplates"
  | "events";
export interface ModelEvent {
  type: "ADDED" | "MODIFIED" | "DELETED";
  collection: Collection;
  object: KubernetesObject;
}
/** How pods of a revision behave; `flap`: Ready, not Ready for a while, and Ready again. */
export type Behaviour = "ready" | "crash" | "never" | "flap";

export interface ModelOptions {
  clock: VirtualClock;
  seed?: number;
  /** Milliseconds, least and most: from creation to Ready, and from delete to gone. */
  readyMs?: [number, number];
  graceMs?: [number, number];
  /** How late the StatefulSet controller acts, milliseconds. */
  controllerMs?: [number, number];
  /** Zones of the nodes: pods go to them in turn, by ordinal. Absent: one node per StatefulSet, in no zone. */
  spread?: string[];
  /** Whether each pod has a volume, which stays in the zone its node is in. */
  volumes?: boolean;
}
