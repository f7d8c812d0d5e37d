import * as z from "zod";

/** How a cluster's API server is reached. Secrets are named, never held. */
export const Access = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("eks"),
    /** The EKS cluster name (goes into `x-k8s-aws-id`). */
    clusterName: z.string().min(1),
    arn: z.string().min(1),
    region: z.string().min(1),
    accountId: z.string().regex(/^\d{12}$/),
    /** Role in the cluster's account, assumed before DescribeCluster and the token. */
    roleArn: z.string().optional(),
    externalId: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("kubeconfig"),
    /** Name or ARN of the Secrets Manager secret holding the kubeconfig. */
    secret: z.string().min(1),
  }),
]);
export type Access = z.infer<typeof Access>;

export const Capability = z.enum(["observe", "rollouts"]);
export type Capability = z.infer<typeof Capability>;

/** Things outside its own cluster which resources of this cluster may name. Absent = none. */
export const AllowList = z.strictObject({
  secrets: z.array(z.string()).default([]),
  roles: z.array(z.string()).default([]),
  urls: z.array(z.string()).default([]),
  alarms: z.array(z.string()).default([]),
});
export type AllowList = z.infer<typeof AllowList>;

/** The REGISTRATION item of a cluster. */
export const Registration = z.object({
  name: z.string().min(1),
  /** ARN + "@" + createdAt for EKS clusters, `ca:` + SHA-256 of the CA for others. A new identity starts with no history. */
  identity: z.string().min(1),
  state: z.enum(["Active", "Deregistering", "Deregistered"]),
  access: Access,
  labels: z.record(z.string(), z.string()),
  capabilities: z.array(Capability).min(1),
  /** Empty = all namespaces. */
  namespaces: z.array(z.string()),
  allow: AllowList,
  /** Seconds, 10..3600. */
  monitorIntervalSeconds: z.int().min(10).max(3600),
  /** Seconds between two looks for resources that live in the cluster. */
  discoverIntervalSeconds: z.int().min(10).max(3600),
  installCustomResources: z.boolean(),
  /** `at` and id of the event that wrote this row last: the last writer wins by (at, id). ISO-8601 UTC. */
  at: z.iso.datetime(),
  eventId: z.string().min(1),
  registeredAt: z.iso.datetime(),
  /** Kubernetes version as the cluster serves it, e.g. `v1.35.4-eks-1`; absent until the first discovery pass has asked. */
  version: z.string().optional(),
  /** Set on a tombstone: epoch seconds when DynamoDB drops the row (14 days after deregistration). */
  expiresAt: z.int().optional(),
  /** Set on a tombstone while `Cluster Deregistration Completed` is still to be sent: what it will say. */
  untold: z.object({ forced: z.boolean() }).optional(),
});
export type Registration = z.infer<typeof Registration>;

/**
 * What a registration works on: a cluster, and the namespaces of it. One scope has one name in a hub. Registrations of one
 * cluster for different namespaces (two teams, each with its own credentials) may stand side by side; where they meet on a
 * StatefulSet its claim decides.
 */
export const scopeOf = ({ identity, namespaces }: Pick<Registration, "identity" | "namespaces">): string =>
  [identity, ...[...namespaces].sort()].join("#");
