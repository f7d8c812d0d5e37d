import { numberAt, objectAt, plain } from "../json.ts";
import { type KubeObject, timestamp } from "../object.ts";
import type { Access } from "./access.ts";

/** Records that the API server refused a pod of a StatefulSet: one event, counted up while the words are the same. */
export function recordFailedCreate(access: Access, set: KubeObject, pod: string, words: string, now: number): void {
  const { namespace, name, uid, resourceVersion } = set.metadata;
  const message = `Create Pod ${pod} in StatefulSet ${name} failed error: ${words}`;
  const at = timestamp(now);
  const same = access
    .list("", "events", namespace)
    .find((event) => objectAt(event, "involvedObject")["uid"] === uid && plain(event["message"]) === message);
  if (same !== undefined) {
    access.update({ ...same, count: (numberAt(same, "count") ?? 1) + 1, lastTimestamp: at });
    return;
  }
  access.create("", "events", namespace, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion: "apps/v1", kind: "StatefulSet", namespace, name, uid, resourceVersion },
    type: "Warning",
    reason: "FailedCreate",
    message,
    source: { component: "statefulset-controller" },
    reportingComponent: "statefulset-controller",
    count: 1,
    firstTimestamp: at,
    lastTimestamp: at,
  });
}
