import type { ResourceType } from "../kubernetes/client.ts";
import type { ActionRecord } from "../work/reconciler.ts";
import type { DelayedDownscale, PrepareEndpoint } from "./pod-endpoint.ts";

/** Gives a StatefulSet other replicas; downwards together with the annotation `grafana.com/last-downscale`. */
export type ScaleAction = ActionRecord & {
  kind: "ScaleStatefulSet";
  statefulSet: string;
  uid: string;
  /** Precondition: the spec is the one that was planned on. */
  generation: number;
  from: number;
  to: number;
  /** When, by the API server's clock, ISO-8601 UTC. */
  at: string;
  /** Pods that go, highest ordinal first; empty upwards. Where they are prepared, those that run. */
  pods: string[];
  /** Where these are asked to prepare first. */
  endpoint?: PrepareEndpoint;
  /** Set where each pod that goes has to answer first that it has waited so long. */
  delay?: DelayedDownscale & { pods: string[] };
};
/** Asks pods to prepare for a delayed downscale; each answers since when it waits. Asked again it answers the same. */
export type AskDelayedAction = ActionRecord & {
  kind: "PrepareDelayedDownscale";
  statefulSet: string;
  /** When, by the API server's clock, ISO-8601 UTC. */
  at: string;
  /** Those of the pods to go that run. */
  pods: string[];
  /** Those that do not, and cannot answer. */
  absent: string[];
  endpoint: PrepareEndpoint;
};
/** Tells pods that were asked to prepare for a delayed downscale that they stay. */
export type CancelDelayedAction = ActionRecord & {
  kind: "CancelDelayedDownscale";
  statefulSet: string;
  at: string;
  pods: string[];
  endpoint: PrepareEndpoint;
};
/** Tells pods that were asked to prepare for their end to go on. */
export type UndoAction = ActionRecord & {
  kind: "UndoPrepareDownscale";
  statefulSet: string;
  /** When, by the API server's clock, ISO-8601 UTC. */
  at: string;
  pods: string[];
  endpoint: PrepareEndpoint;
};
/** Writes a StatefulSet's replicas into the status of the resource they are mirrored from. */
export type WriteBackAction = ActionRecord & {
  kind: "WriteBackReplicas";
  statefulSet: string;
  type: ResourceType;
  name: string;
  replicas: number;
};
export type ReplicaAction = ScaleAction | UndoAction | AskDelayedAction | CancelDelayedAction | WriteBackAction;

const KINDS = [
  "ScaleStatefulSet",
  "UndoPrepareDownscale",
  "PrepareDelayedDownscale",
  "CancelDelayedDownscale",
  "WriteBackReplicas",
];

export const isReplicaAction = (action: ActionRecord): action is ReplicaAction => KINDS.includes(action.kind);
