import * as z from "zod";

/** What a probe found, never mixed up: an unreachable cluster is not an unhealthy one. */
export const HealthClass = z.enum(["Healthy", "Degraded", "Unhealthy", "Unreachable", "AuthFailed"]);
export type HealthClass = z.infer<typeof HealthClass>;

/** One thing looked at. `message` names object, cause and next step when it is not ok. */
export const HealthCheck = z.strictObject({
  /** e.g. `readyz`, `readyz/etcd`, `nodes`, `connection`, `credentials`. */
  name: z.string(),
  ok: z.boolean(),
  /** CamelCase. */
  reason: z.string(),
  message: z.string(),
});
export type HealthCheck = z.infer<typeof HealthCheck>;

export const NodeCount = z.strictObject({ ready: z.int(), total: z.int() });
export type NodeCount = z.infer<typeof NodeCount>;

/** The HEALTH item of a cluster. Writer: the probe lane, on change or every 5 minutes. */
export const HealthRow = z.object({
  cluster: z.string(),
  /** The registration it belongs to; a row of another identity is no history. */
  identity: z.string(),
  class: HealthClass,
  /** When `class` became what it is, ISO-8601 UTC. */
  since: z.iso.datetime(),
  /** A class seen but not yet believed, and since when: room for hysteresis, which must survive the function. */
  pending: z.strictObject({ class: HealthClass, since: z.iso.datetime() }).optional(),
  /** When the last probe that was written ran, ISO-8601 UTC. */
  observedAt: z.iso.datetime(),
  /** Milliseconds until the API server answered; absent when it did not. */
  latencyMs: z.number().optional(),
  checks: z.array(HealthCheck),
  /** Absent when nodes could not be listed. */
  nodes: z.strictObject({ ready: z.int(), total: z.int(), byZone: z.record(z.string(), NodeCount) }).optional(),
  /** Kubernetes version as served, when known. */
  version: z.string().optional(),
  /** Epoch seconds; pushed ahead by each write, so that the row goes when its cluster has gone. */
  expiresAt: z.int(),
});
export type HealthRow = z.infer<typeof HealthRow>;
