import type { ActionRecord } from "../work/reconciler.ts";
import { isAdopted, toAdopt } from "./adoption.ts";
import { claimOf, writtenInto } from "./claim.ts";
import type { StatefulSetView, ZoneView } from "./members.ts";
import { type Observation, objectName } from "./observation.ts";
import type { ReplicaAction } from "./replica-actions.ts";
import type { Restore } from "./rollback.ts";
import type { Candidate } from "./safety-rule.ts";
import type { RolloutSpec } from "./spec.ts";

export type ClaimAction = ActionRecord & {
  kind: "ClaimStatefulSet";
  statefulSet: string;
  resourceVersion: string;
  /** What was written into it when the plan was made. */
  seen: string;
};
export type AdoptAction = ActionRecord & { kind: "AdoptStrategy"; statefulSet: string };
export type RestoreAction = ActionRecord & { kind: "RestoreTemplate" } & Restore;
export type DeleteAction = ActionRecord & {
  kind: "DeletePod";
  statefulSet: string;
  zone: string;
  pod: string;
  /** Precondition of the delete. */
  uid: string;
};
export type RevisionAction = ActionRecord & {
  kind: "SetCurrentRevision";
  statefulSet: string;
  resourceVersion: string;
  revision: string;
};
/** A claim of ours that serves no rollout. */
export type ReleaseAction = ActionRecord & { kind: "ReleaseClaim"; statefulSet: string };
export type RolloutAction =
  | ClaimAction
  | AdoptAction
  | RestoreAction
  | DeleteAction
  | RevisionAction
  | ReleaseAction
  | ReplicaAction;

/** One delete per candidate, in the order of the batch. */
export function deletesOf(batch: readonly Candidate[], { resource }: Observation): DeleteAction[] {
  return batch.map(({ zone, part, pod }) => ({
    kind: "DeletePod",
    object: objectName({ resource }, pod.name),
    reason: pod.curable ? "OutdatedAndBroken" : "Outdated",
    statefulSet: part.name,
    zone: zone.name,
    pod: pod.name,
    uid: pod.uid,
  }));
}

/** Claims still to be laid, in name order: two rollouts that share members then cannot block each other half-way. */
export function claimsOf({ statefulSets, resource }: Observation, owner: string): ClaimAction[] {
  return statefulSets
    .filter((statefulSet) => claimOf(statefulSet) !== owner)
    .map((statefulSet) => ({
      kind: "ClaimStatefulSet" as const,
      object: objectName({ resource }, statefulSet.metadata.name),
      reason: "RolloutStarts",
      statefulSet: statefulSet.metadata.name,
      resourceVersion: statefulSet.metadata.resourceVersion ?? "",
      seen: writtenInto(statefulSet),
    }))
    .sort((a, b) => (a.statefulSet < b.statefulSet ? -1 : 1));
}

/** StatefulSets whose updateStrategy becomes OnDelete, in name order. */
export function adoptionsOf({ statefulSets, resource }: Observation, spec: RolloutSpec): AdoptAction[] {
  return toAdopt(statefulSets, spec)
    .map(({ metadata: { name } }) => ({
      kind: "AdoptStrategy" as const,
      object: objectName({ resource }, name),
      reason: "NotOnDelete",
      statefulSet: name,
    }))
    .sort((a, b) => (a.statefulSet < b.statefulSet ? -1 : 1));
}

/** Templates that go back to what they were when the rollout started, because a person ordered it or because it stalled. */
export function restoresOf(restores: readonly Restore[], { resource }: Observation, ordered: boolean): RestoreAction[] {
  return restores.map((restore) => ({
    kind: "RestoreTemplate",
    object: objectName({ resource }, restore.statefulSet),
    reason: ordered ? "RollbackOrdered" : "ProgressDeadlineExceeded",
    ...restore,
  }));
}

/** A complete StatefulSet's currentRevision becomes its updateRevision; its controller does so for RollingUpdate only. */
export function revisionWritesOf(zones: readonly ZoneView[], { pods, resource }: Observation): RevisionAction[] {
  if (pods === undefined) return [];
  const all = zones.flatMap(({ parts }) => parts);
  const isDone = ({ outdated, unready }: StatefulSetView): boolean => outdated === 0 && unready.length === 0;
  return zones
    .filter(({ changed }) => changed.length === 0)
    .flatMap(({ parts }) => parts)
    .filter((part, _index, parts) => parts.find(({ name }) => name === part.name) === part)
    .filter(({ name }) => all.every((part) => part.name !== name || isDone(part)))
    .filter(({ outdated, unready, paused }) => outdated === 0 && unready.length === 0 && !paused)
    .flatMap(({ name, statefulSet: { metadata, status } }) => {
      const { currentRevision, updateRevision } = status ?? {};
      if (updateRevision === undefined || currentRevision === updateRevision) return [];
      return [
        {
          kind: "SetCurrentRevision" as const,
          object: objectName({ resource }, name),
          reason: "ZoneCompleted",
          statefulSet: name,
          resourceVersion: metadata.resourceVersion ?? "",
          revision: updateRevision,
        },
      ];
    });
}

/**
 * Claims that are given back, in name order: where two resources keep a part of the group each, neither would ever get the rest.
 * One under which a strategy was adopted stays: it is what gives the strategy back when the resource goes, and giving that back
 * now would let Kubernetes roll the pods.
 */
export function releasesOf({ statefulSets, resource }: Observation, owner: string): ReleaseAction[] {
  return statefulSets
    .filter((statefulSet) => claimOf(statefulSet) === owner && !isAdopted(statefulSet))
    .map(({ metadata: { name } }) => ({
      kind: "ReleaseClaim" as const,
      object: objectName({ resource }, name),
      reason: "Overlap",
      statefulSet: name,
    }))
    .sort((a, b) => (a.statefulSet < b.statefulSet ? -1 : 1));
}
