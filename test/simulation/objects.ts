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

/** A template that stands for a revision. */
export const templateOf = (revision: string) => ({ metadata: { annotations: { revision } } });

/** A StatefulSet of OnDelete whose controller has not seen its pods yet. */
export function newStatefulSet(of: {
  name: string;
  replicas: number;
  labels: Record<string, string>;
  revision: string;
  volumes: boolean;
}): StatefulSet {
  const { name, replicas, labels, revision, volumes } = of;
  return {
    metadata: { name, generation: 1, labels },
    spec: {
      replicas,
      selector: { matchLabels: { name } },
      updateStrategy: { type: "OnDelete" },
      podManagementPolicy: "Parallel",
      template: templateOf(revision),
      ...(volumes ? { volumeClaimTemplates: [{ metadata: { name: "data" } }] } : {}),
    },
    status: { observedGeneration: 1, replicas: 0, currentRevision: revision, updateRevision: revision },
  };
}

/** A pod as its StatefulSet's controller creates it, or one that has been Ready for an hour. */
export function newPod(of: {
  owner: string;
  /** UID of the StatefulSet. */
  uid: string;
  ordinal: number;
  revision: string;
  ready: boolean;
  spec: NonNullable<Pod["spec"]>;
  /** Epoch milliseconds. */
  now: number;
}): Pod {
  const { owner, uid, ordinal, revision, ready, spec, now } = of;
  const since = new Date(now - (ready ? 3_600_000 : 0)).toISOString();
  return {
    metadata: {
      name: `${owner}-${ordinal}`,
      creationTimestamp: since,
      labels: { name: owner, "controller-revision-hash": revision },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: owner, uid, controller: true }],
    },
    spec,
    status: {
      phase: ready ? "Running" : "Pending",
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: since }],
    },
  };
}
