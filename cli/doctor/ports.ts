import type { UnreadableCluster } from "../../lib/registry/unreadable.ts";
import type { ClusterView, ResourceView } from "../views.ts";
import type { Asked } from "./finding.ts";

/** Functions of the stack, by the part of its outputs' names. */
export const FUNCTIONS = ["Register", "Dispatch", "Probe", "Reconcile", "Rollout", "Api"] as const;
export type FunctionRole = (typeof FUNCTIONS)[number];

/** Queues of the stack, and the function each feeds. */
export const FED_BY = {
  Registration: "Register",
  Probe: "Probe",
  Reconcile: "Reconcile",
  Rollout: "Rollout",
} as const satisfies Record<string, FunctionRole>;
export type QueueRole = keyof typeof FED_BY;
export const QUEUES = Object.keys(FED_BY) as QueueRole[];

/** All outputs of a stack that the doctor needs. */
export const OUTPUTS: readonly string[] = [
  "TableName",
  "BusName",
  ...FUNCTIONS.map((role) => `${role}Function`),
  ...QUEUES.flatMap((role) => [`${role}QueueUrl`, `${role}DeadLetterQueueUrl`]),
];

export interface StackFacts {
  /** CloudFormation's, e.g. `UPDATE_COMPLETE`. */
  status: string;
  /** ISO-8601 UTC, of its creation or last update. */
  changedAt: string | undefined;
  outputs: Record<string, string>;
}

export interface FunctionFacts {
  /** e.g. `Active`. */
  state: string | undefined;
  /** Why it is not Active. */
  stateReason: string | undefined;
  /** Undefined = it shares what the account has. */
  reservedConcurrency: number | undefined;
}

export interface TriggerFacts {
  id: string;
  /** e.g. `Enabled`. */
  state: string;
  queueArn: string;
}

export interface RuleFacts {
  name: string;
  state: string;
  /** ARNs. */
  targets: string[];
}

/** How many messages a queue holds, as SQS estimates it. */
export interface QueueFacts {
  visible: number;
  inFlight: number;
}

export interface DeadLetter {
  /** Attribute `reason`; absent when handling it failed too often. */
  reason: string | undefined;
}

/** What the hub's group may not do, and the CRDs, as an administrator of the cluster sees it. */
export interface ClusterAccess {
  /** By shipped role: the rules that are missing, as `verb resource`. */
  missingRules: Asked<Record<string, string[]>>;
  /** Custom resources that are not served: name and why. */
  missingCustomResources: Asked<Record<string, string>>;
}

/** What the doctor asks. Each call may fail; that is a finding. */
export interface DoctorPorts {
  stackName: string;
  identify(): Promise<{ arn: string; account: string; region: string }>;
  readStack(): Promise<StackFacts>;
  readFunction(name: string): Promise<FunctionFacts>;
  readTriggers(functionName: string): Promise<TriggerFacts[]>;
  readRules(bus: string): Promise<RuleFacts[]>;
  readQueue(url: string): Promise<QueueFacts>;
  /** Looks at some messages and leaves them there. */
  peek(url: string): Promise<DeadLetter[]>;
  /** Runs of dispatch in these minutes. */
  countHeartbeats(from: Date, to: Date): Promise<number>;
  /** `unreadable`: those whose registration the hub cannot read. */
  listClusters(): Promise<{ clusters: ClusterView[]; unreadable: UnreadableCluster[] }>;
  listResources(): Promise<ResourceView[]>;
  /** @returns undefined when there is no kubeconfig to look at this cluster with. */
  readAccess(cluster: ClusterView): Promise<ClusterAccess | undefined>;
}
