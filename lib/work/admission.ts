import type { Registration } from "../registry/registration.ts";
import { describeKey, type WorkKey } from "./keys.ts";
import { CAPABILITY_OF_KIND } from "./lanes.ts";

/** Whether taken work may be attempted at all. */
export type Admission =
  | { type: "attempt"; registration: Registration }
  /** The cluster is no longer registered: the row has no purpose. Registering again starts clean. */
  | { type: "forget" }
  /** The registration does not cover it: recorded, and looked at again later. */
  | {
      type: "refuse";
      registration: Registration;
      reason: "CapabilityMissing" | "NamespaceNotWatched";
      message: string;
    };

/**
 * Decides by the registration alone. A cluster that is being deregistered is still attempted: its reconciler sees
 * `registration.state` and only cleans up.
 */
export function admit(key: WorkKey, registration: Registration | undefined): Admission {
  if (registration === undefined || registration.state === "Deregistered") return { type: "forget" };
  const capability = CAPABILITY_OF_KIND[key.kind];
  if (capability !== undefined && !registration.capabilities.includes(capability)) {
    const message = `${describeKey(key)} is left alone: the registration lacks the capability "${capability}". Register the cluster with it to go on.`;
    return { type: "refuse", registration, reason: "CapabilityMissing", message };
  }
  const { namespaces } = registration;
  if (key.namespace !== "" && namespaces.length > 0 && !namespaces.includes(key.namespace)) {
    const message = `${describeKey(key)} is left alone: the registration watches only ${namespaces.join(", ")}. Add the namespace to the registration to go on.`;
    return { type: "refuse", registration, reason: "NamespaceNotWatched", message };
  }
  return { type: "attempt", registration };
}
