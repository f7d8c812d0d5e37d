import type { ResourceType } from "../kubernetes/client.ts";
import { REPLICA_TEMPLATES } from "../kubernetes/types.ts";

/** What to do about a rule that is missing to read or write a mirrored resource. */
export function missingMirrorRule(type: ResourceType, verb: "get" | "patch", subresource: "scale" | "status"): string {
  if (type.kind === REPLICA_TEMPLATES.kind && type.apiVersion === REPLICA_TEMPLATES.apiVersion) {
    return "Apply the role outrigger:mirror-replicas";
  }
  const group = type.apiVersion.includes("/") ? type.apiVersion.split("/")[0] : "";
  return `Grant the group outrigger ${verb} on ${type.plural}/${subresource} of apiGroup "${group}"`;
}
