import { z } from "zod";
import { HealthClass, NodeCount } from "../health/row.ts";
import type { EmittedDetailType } from "./detail-types.ts";

const Time = z.iso.datetime();
const Count = z.int().min(0);

/** A cluster was registered, updated, or registered again after it was created anew. */
const RegistrationCompleted = z.strictObject({
  cluster: z.string(),
  identity: z.string(),
  change: z.enum(["registered", "updated", "recreated"]),
  /** The event this answers. */
  eventId: z.string(),
  at: Time,
  /** `pending`: could not be installed now; the discovery pass tries again until it is done. */
  customResources: z.enum(["installed", "pending", "notRequested"]),
  /** Why custom resources are pending. */
  message: z.string().optional(),
});

/** An event was refused. The event itself is in the dead-letter queue of the registration queue. */
const RegistrationRejected = z.strictObject({
  /** As the event named it; absent when it named none. */
  cluster: z.string().optional(),
  eventId: z.string().optional(),
  problems: z.array(z.string()).min(1),
});

const DeregistrationCompleted = z.strictObject({
  cluster: z.string(),
  identity: z.string(),
  /** True when the cleaning in the cluster was skipped. */
  forced: z.boolean(),
  eventId: z.string(),
});

/** The class of a cluster changed; `from` is absent for the first probe of a registration. */
const HealthChanged = z.strictObject({
  cluster: z.string(),
  from: HealthClass.optional(),
  to: HealthClass,
  observedAt: Time,
  /** What is not ok, as `name: message`. */
  failed: z.array(z.string()),
  nodes: z.strictObject({ ready: Count, total: Count, byZone: z.record(z.string(), NodeCount) }).optional(),
});

/** What all rollout events carry. */
const rollout = {
  cluster: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** Of the resource, as the API server gave it. */
  uid: z.string().optional(),
  /** When this rollout started; absent while none was started. */
  startedAt: Time.optional(),
};
const why = { reason: z.string(), message: z.string() };

/** The schema of `detail` of each event the hub emits. Events are additive: fields may be added, none will be taken away. */
export const EMITTED_EVENTS = {
  "Cluster Registration Completed": RegistrationCompleted,
  "Cluster Registration Rejected": RegistrationRejected,
  "Cluster Deregistration Completed": DeregistrationCompleted,
  "Cluster Health Changed": HealthChanged,
  "Rollout Started": z.strictObject({ ...rollout, statefulSets: z.array(z.string()) }),
  "Rollout Zone Completed": z.strictObject({ ...rollout, zone: z.string(), finishedAt: Time.optional() }),
  "Rollout Held": z.strictObject({ ...rollout, ...why }),
  "Rollout Stalled": z.strictObject({ ...rollout, ...why }),
  "Rollout Completed": z.strictObject({ ...rollout, finishedAt: Time.optional() }),
} as const satisfies Record<EmittedDetailType, z.ZodType>;

/** `detail` of one emitted event. */
export type EmittedDetail<T extends EmittedDetailType> = z.input<(typeof EMITTED_EVENTS)[T]>;
