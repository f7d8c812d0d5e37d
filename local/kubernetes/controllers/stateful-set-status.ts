import { type JsonObject, numberAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Revisions } from "./revisions.ts";
import * as pods from "./stateful-pods.ts";

/** The status of a StatefulSet (k8s.io/kubernetes `updateStatus` and `completeRollingUpdate`). */
export function statusOf(
  set: KubeObject,
  { current, update, collisionCount }: Revisions,
  existing: readonly KubeObject[],
  now: number,
): JsonObject {
  const seconds = numberAt(set, "spec", "minReadySeconds") ?? 0;
  const [currentName, updateName] = [current.metadata.name, update.metadata.name];
  const ready = existing.filter(pods.isRunningAndReady);
  const staying = existing.filter((pod) => !pods.isTerminating(pod));
  const counts = {
    replicas: existing.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => pods.isAvailable(pod, seconds, now)).length,
    currentReplicas: staying.filter((pod) => pods.revisionOf(pod) === currentName).length,
    updatedReplicas: staying.filter((pod) => pods.revisionOf(pod) === updateName).length,
  };
  const wanted = numberAt(set, "spec", "replicas") ?? 1;
  const rolling = stringAt(set, "spec", "updateStrategy", "type") === "RollingUpdate";
  const complete =
    rolling && [counts.updatedReplicas, counts.readyReplicas, counts.replicas].every((count) => count === wanted);
  if (complete) counts.currentReplicas = counts.updatedReplicas;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    ...shown(counts),
    currentRevision: complete ? updateName : currentName,
    updateRevision: updateName,
    collisionCount,
  };
}

/** Zeros that Go writes stay, the others are left out. */
function shown(counts: Record<string, number>): JsonObject {
  return Object.fromEntries(
    Object.entries(counts).filter(
      ([field, count]) => count > 0 || field === "replicas" || field === "availableReplicas",
    ),
  );
}
