import * as z from "zod";
import { HealthClass, NodeCount } from "../health/row.ts";
import type { EmittedDetailType } from "./detail-types.ts";

const Time = z.iso.datetime();
const Count = z.int().min(0);
const Cluster = z.string().describe("The cluster's name in the hub");
const Identity = z
  .string()
  .describe("What the name stands for: ARN and creation time, or the certificate authority's fingerprint");
const AnsweredEvent = z.string().describe("Id of the event this answers");

/** A cluster was registered, updated, or registered again after it was created anew. */
const RegistrationCompleted = z.strictObject({
  cluster: Cluster,
  identity: Identity,
  change: z
    .enum(["registered", "updated", "recreated"])
    .describe("`recreated`: another cluster has this name now; it starts with no history"),
  eventId: AnsweredEvent,
  at: Time.describe("`at` of that event"),
  customResources: z
    .enum(["installed", "pending", "notRequested"])
    .describe("`pending`: could not be installed now; tried again with each look for resources"),
  message: z.string().optional().describe("Why custom resources are pending"),
});

/** An event was refused. The event itself is in the dead-letter queue of the registration queue. */
const RegistrationRejected = z.strictObject({
  cluster: z.string().optional().describe("As the event named it; absent when it named none"),
  eventId: z.string().optional().describe("Id of the refused event; absent when it had none"),
  problems: z.array(z.string()).min(1).describe("Every problem that was found, each naming its field"),
});

const DeregistrationCompleted = z.strictObject({
  cluster: Cluster,
  identity: Identity,
  forced: z.boolean().describe("True when the cleaning in the cluster was skipped"),
  eventId: AnsweredEvent.describe("Id of the event this answers; sent twice, after a worker died, it is the same news"),
});

/** The class of a cluster changed; `from` is absent for the first probe of a registration. */
const HealthChanged = z.strictObject({
  cluster: Cluster,
  from: HealthClass.optional().describe("Absent for the first probe of a registration"),
  to: HealthClass.describe("What it is now"),
  observedAt: Time.describe("When the probe ran"),
  failed: z.array(z.string()).describe("What is not ok, as `name: message`"),
  nodes: z
    .strictObject({
      ready: Count.describe("Nodes that are Ready"),
      total: Count.describe("All nodes"),
      byZone: z.record(z.string(), NodeCount).describe("The same for each zone"),
    })
    .optional()
    .describe("Absent when nodes could not be listed"),
});

/** What all rollout events carry. */
const rollout = {
  cluster: Cluster,
  namespace: z.string().describe("Namespace of the MultiAZRollout"),
  name: z.string().describe("Its name"),
  uid: z.string().optional().describe("Its UID, as the API server gave it"),
  startedAt: Time.optional().describe("When this rollout started; absent while none was started"),
};
const why = {
  reason: z.string().describe("Reason of its Ready condition, CamelCase"),
  message: z.string().describe("Message of its Ready condition: object, cause and next step"),
};
const finishedAt = Time.optional().describe("When the last pod was Ready");

/** The schema of `detail` of each event the hub emits. Events are additive: fields may be added, none will be taken away. */
export const EMITTED_EVENTS = {
  "Cluster Registration Completed": RegistrationCompleted,
  "Cluster Registration Rejected": RegistrationRejected,
  "Cluster Deregistration Completed": DeregistrationCompleted,
  "Cluster Health Changed": HealthChanged,
  "Rollout Started": z.strictObject({
    ...rollout,
    statefulSets: z.array(z.string()).describe("StatefulSets that take part, by name"),
  }),
  "Rollout Zone Completed": z.strictObject({
    ...rollout,
    zone: z.string().describe("The zone that is done"),
    finishedAt,
  }),
  "Rollout Held": z.strictObject({ ...rollout, ...why }),
  "Rollout Stalled": z.strictObject({ ...rollout, ...why }),
  "Rollout Aborted": z.strictObject({ ...rollout, message: why.message }),
  "Rollout Completed": z.strictObject({ ...rollout, finishedAt }),
  "Rollout Rolled Back": z.strictObject({ ...rollout, finishedAt }),
} as const satisfies Record<EmittedDetailType, z.ZodType>;

/** `detail` of one emitted event. */
export type EmittedDetail<T extends EmittedDetailType> = z.input<(typeof EMITTED_EVENTS)[T]>;
