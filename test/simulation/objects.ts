import type { Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import { isOwned } from "../../lib/rollouts/pods.ts";

export function isReady(pod: Pod): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
  return ready && pod.status?.phase === "Running" && pod.metadata.deletionTimestamp === undefined;
}

export const ownerOf = ({ metadata }: Pod) => {
  const [owner] = metadata.ownerReferences ?? [];
  if (owner === undefined) throw new Error(`pod ${metadata.name} has no owner`);
  return owner;
};
export const ownerName = (pod: Pod): string => ownerOf(pod).name;

export function withReady(pod: Pod, ready: boolean, now: string): Pod {
  const condition = { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: now };
  return { ...pod, status: { ...pod.status, conditions: [condition] } };
}

/** The status a StatefulSet's controller would write. */
export function statusOf(statefulSet: StatefulSet, all: readonly Pod[]): NonNullable<StatefulSet["status"]> {
  const pods = all.filter((pod) => isOwned(pod, statefulSet));
  const ready = pods.filter(isReady).length;
  const of = (revision: string | undefined): number =>
    pods.filter(
      ({ metadata }) =>
        metadata.deletionTimestamp === undefined && metadata.labels?.["controller-revision-hash"] === revision,
    ).length;
  return {
    ...statefulSet.status,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    updatedReplicas: of(statefulSet.status?.updateRevision),
    currentReplicas: of(statefulSet.status?.currentRevision),
  };
}
