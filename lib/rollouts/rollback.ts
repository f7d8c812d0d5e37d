import type { Pod, StatefulSet } from "../kubernetes/objects.ts";
import type { ZoneView } from "./members.ts";
import type { Observation } from "./observation.ts";
import { rollbackOrder } from "./orders.ts";
import { isLate, isOwned } from "./pods.ts";
import type { RolloutSpec } from "./spec.ts";
import type { CurrentRollout, RolloutState } from "./state.ts";

/** Revisions that were rolled back, by StatefulSet. */
export type Rejected = NonNullable<RolloutState["rejected"]>;

/** A StatefulSet whose template goes back to what it was when the rollout started. */
export interface Restore {
  statefulSet: string;
  /** The revision that is not wanted any more. */
  from: string;
  /** The revision saved at the start. */
  to: string;
}

/**
 * The revision to go back to: the current one, or what most outdated pods run where that is neither wanted nor run by any of
 * them. Kubernetes itself never writes the current revision of an OnDelete StatefulSet, so it may be of years ago.
 */
export function revisionAtStart(statefulSet: StatefulSet, pods: readonly Pod[]): string {
  const { currentRevision = "", updateRevision } = statefulSet.status ?? {};
  const run = pods
    .filter((pod) => isOwned(pod, statefulSet))
    .flatMap(({ metadata }) => metadata.labels?.["controller-revision-hash"] ?? [])
    .filter((revision) => revision !== updateRevision)
    .sort();
  if (currentRevision === updateRevision || run.length === 0 || run.includes(currentRevision)) return currentRevision;
  const count = (revision: string): number => run.filter((each) => each === revision).length;
  return run.reduce((most, revision) => (count(revision) > count(most) ? revision : most));
}

/**
 * Where a rollback is: one begins when a person orders it, or when a rollout with `onStall: Rollback` has stalled, and each
 * member's template is restored once. A template that people change meanwhile is theirs.
 */
export function advanceRollback(
  rollout: CurrentRollout,
  known: Rejected,
  spec: RolloutSpec,
  { observedAt, statefulSets, resource, orders = {} }: Observation,
  zones: readonly ZoneView[],
): { rollout: CurrentRollout; rejected: Rejected; restores: Restore[] } {
  const wanted = (name: string): string | undefined =>
    statefulSets.find(({ metadata }) => metadata.name === name)?.status?.updateRevision;
  const order = rollbackOrder(orders, rollout);
  // As whoever ordered it saw the resource, whenever the first plan comes.
  const generation = order?.generation ?? resource.metadata.generation ?? 0;
  const ordered = order && { at: order.at, by: order.by, generation };
  const stalled = rollout.stalledAt !== undefined && spec.onStall === "Rollback" && isAtFault(zones, spec, observedAt);
  if (rollout.rollback === undefined && !stalled && ordered === undefined) {
    return { rollout, rejected: known, restores: [] };
  }
  if (rollout.rollback === undefined) {
    const bad = rollout.members.flatMap(({ name, uid, revision }) => {
      const found = statefulSets.find(({ metadata }) => metadata.name === name && metadata.uid === uid);
      const from = found?.status?.updateRevision;
      return from === undefined || revision === "" || from === revision
        ? []
        : [{ statefulSet: name, from, to: revision }];
    });
    if (bad.length === 0) return { rollout, rejected: known, restores: [] };
    const rejected = { ...known, ...Object.fromEntries(bad.map(({ statefulSet, from }) => [statefulSet, from])) };
    const pending = bad.map(({ statefulSet }) => statefulSet);
    const rollback = { pending, ...(ordered === undefined ? {} : { ordered }) };
    return { rollout: { ...rollout, rollback }, rejected, restores: bad };
  }
  // Ordered once more, it is as of then: whoever did saw what has stopped it.
  const saved = rollout.rollback.ordered;
  const before = ordered?.at === saved?.at ? saved : (ordered ?? saved);
  const pending = rollout.rollback.pending.filter((name) => wanted(name) === known[name]);
  const restores = pending.map((statefulSet) => ({
    statefulSet,
    from: known[statefulSet] ?? "",
    to: rollout.members.find(({ name }) => name === statefulSet)?.revision ?? "",
  }));
  const rollback = { pending, ...(before === undefined ? {} : { ordered: before }) };
  return { rollout: { ...rollout, rollback }, rejected: known, restores };
}

/**
 * Whether the template itself looks bad: a pod of it is late. Time in which no worker looked, a quota or pods just created stall a rollout too, and are no reason to go back.
 */
function isAtFault(zones: readonly ZoneView[], { progressDeadlineSeconds }: RolloutSpec, now: string): boolean {
  const pods = zones.flatMap(({ parts }) => parts.flatMap((part) => part.pods));
  return pods.some((pod) => isLate(pod, { progressDeadlineSeconds, now }));
}

/** Whether these revisions are what a rollback leads to or from, and so are no new wish of anybody. */
export function belongsToRollback(
  { rollback, members }: CurrentRollout,
  rejected: Rejected,
  revisions: Readonly<Record<string, string>>,
): boolean {
  if (rollback === undefined) return false;
  return Object.entries(revisions).every(
    ([name, revision]) =>
      revision === rejected[name] || members.some((member) => member.name === name && member.revision === revision),
  );
}

/** StatefulSets whose template is again one that was rolled back. */
export function rejectedAgain(
  statefulSets: readonly StatefulSet[],
  rejected: Rejected,
  restores: readonly Restore[],
): string[] {
  return statefulSets
    .filter(
      ({ metadata: { name }, status }) => rejected[name] !== undefined && status?.updateRevision === rejected[name],
    )
    .map(({ metadata }) => metadata.name)
    .filter((name) => !restores.some(({ statefulSet }) => statefulSet === name))
    .sort();
}
