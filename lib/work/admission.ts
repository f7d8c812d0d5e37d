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
      reason: "Deregistering" | "CapabilityMissing" | "NamespaceNotWatched";
      message: string;
    };

/**
 * Decides by the registration alone. While a cluster is being deregistered only the kinds that need no capability are
 * attempted: they clean up, and nobody claims anything behind their back.
 */
export function admit(key: WorkKey, registration: Registration | undefined): Admission {
  if (registration === undefined || registration.state === "Deregistered") return { type: "forget" };
  const capability = CAPABILITY_OF_KIND[key.kind];
  if (capability !== undefined && registration.state === "Deregistering") {
    const message = `${describeKey(key)} is left alone: its cluster is being deregistered. Register the cluster again to go on.`;
    return { type: "refuse", registration, reason: "Deregistering", message };
  }
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
