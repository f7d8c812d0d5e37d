import * as z from "zod";
import { WorkKey } from "./keys.ts";

/** A message of the reconcile and rollout lanes: keys and a ticket, never desired state. */
export const WorkMessage = z.strictObject({
  version: z.literal(1),
  key: WorkKey,
  /** The ticket this message was posted for; older than `ticketDone` means it is done already. */
  ticket: z.int().min(1),
  /** When it was meant to be delivered, epoch milliseconds; for the lag metric. */
  dueAt: z.int().min(0),
  /** Hops since a pass last made progress; the lane's own limit on feeding itself. */
  hops: z.int().min(0).default(0),
});
export type WorkMessage = z.infer<typeof WorkMessage>;

/** A message of the probe lane: up to ten clusters due in the same second. */
export const ProbeMessage = z.strictObject({
  version: z.literal(1),
  clusters: z.array(z.string().min(1)).min(1).max(10),
  dueAt: z.int().min(0),
});
export type ProbeMessage = z.infer<typeof ProbeMessage>;

/**
 * Direct invocation of a lane's function: `outrigger reconcile`; `outrigger rollout plan`, which changes nothing; and what
 * people order, e.g. `outrigger rollout pause`.
 */
export const DirectRequest = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("reconcile"), key: WorkKey }),
  z.strictObject({ action: z.literal("plan"), key: WorkKey }),
  z.strictObject({
    action: z.literal("order"),
    key: WorkKey,
    /** Validated by the kind's own schema. */
    order: z.looseObject({ type: z.string() }),
    /** Who asks, by their own account: written into the audit and the condition, never trusted. */
    by: z.string().min(1).max(2048).optional(),
  }),
]);
export type DirectRequest = z.infer<typeof DirectRequest>;
