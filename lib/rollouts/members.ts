import type { StatefulSet } from "../kubernetes/objects.ts";
import { firstOrdinal, type Observation } from "./observation.ts";
import { ordinalOf, type PodView, viewPods } from "./pods.ts";
import { MaxUnavailable, type RolloutSpec } from "./spec.ts";
import type { Deleting, Member } from "./state.ts";
import { secondsBetween } from "./time.ts";
import { compareZones } from "./zones.ts";

/** One StatefulSet of the group, with its pods. */
export interface StatefulSetView {
  name: string;
  statefulSet: StatefulSet;
  pods: PodView[];
  /** Pods that are wanted: all, or those of one zone where the StatefulSet spans several. */
  replicas: number;
  /** Pods of this StatefulSet that may be unavailable. */
  maxUnavailable: number;
  /** How many pods may be deleted now; may be negative. */
  budget: number;
  updated: number;
  available: number;
  outdated: number;
  /** Annotated `grafana.com/rollout-paused: "true"`. */
  paused: boolean;
  /** Why it is not Ready; empty when it is. */
  unready: string[];
  /** Why a missing pod is not created, as the API server said. */
  failedCreate?: string | undefined;
  /** Pods of a scale-down of ours that is not seen yet; absent when there is none. */
  leaving?: readonly string[];
  /** Pods that are wanted and not there; told only where the StatefulSet spans several zones. */
  missing?: readonly string[];
}

/** One zone of the group. */
export interface ZoneView {
  name: string;
  /** In name order. */
  parts: StatefulSetView[];
  /** Members saved at the start that are gone, relabelled or recreated. */
  changed: string[];
  /** Why the zone is not Ready; empty when it is. */
  unready: string[];
  /** Whether nothing is left to update here (a paused StatefulSet asks for nothing). */
  complete: boolean;
}

const PAUSED_ANNOTATION = "grafana.com/rollout-paused";
const MAX_UNAVAILABLE_ANNOTATION = "rollout-max-unavailable";

/**
 * Deletes of ours that are still to be counted as terminating pods. One is over when its ordinal has a new UID or is
 * no longer wanted, or its StatefulSet is neither selected nor a member any more; in a fresh list also when the pod is there
 * and not terminating, since then it was never deleted (one without an answer may be on its way for as long as a request may
 * take, to a StatefulSet that is selected again as well).
 */
export function pendingDeletes(
  deleting: readonly Deleting[],
  observation: Observation,
  members: readonly Member[],
): Deleting[] {
  const { pods, statefulSets, fresh, observedAt } = observation;
  if (pods === undefined) return [...deleting];
  return deleting.filter(({ statefulSet: owner, pod: name, uid, mayComeUntil }) => {
    const statefulSet = statefulSets.find(({ metadata }) => metadata.name === owner);
    const mayCome = mayComeUntil !== undefined && secondsBetween(observedAt, mayComeUntil) > 0;
    if (statefulSet === undefined) {
      if (!members.some((member) => member.name === owner)) return mayCome;
    } else if (ordinalOf(name) < firstOrdinal(statefulSet) || ordinalOf(name) >= endOrdinal(statefulSet)) return false;
    const found = pods.find(({ metadata }) => metadata.name === name);
    if (found === undefined) return true;
    if (found.metadata.uid !== uid) return false;
    return mayCome || !fresh || found.metadata.deletionTimestamp !== undefined;
  });
}

/** @returns each StatefulSet with its pods, budget and readiness (rules 4 and 7 of the rollout step). */
export function viewStatefulSets(
  observation: Observation,
  spec: RolloutSpec,
  deleting: readonly Deleting[],
): StatefulSetView[] {
  const { minReadySeconds, progressDeadlineSeconds } = spec;
  const options = { deleting, minReadySeconds, progressDeadlineSeconds, now: observation.observedAt };
  return observation.statefulSets
    .map((statefulSet) => {
      const pods = viewPods(statefulSet, observation.pods ?? [], options);
      const { maxUnavailable } = resolveMaxUnavailable(statefulSet, spec);
      const available = pods.filter((pod) => pod.available).length;
      const wanted = statefulSet.spec.replicas ?? 1;
      const expected = Math.max(wanted, statefulSet.status?.replicas ?? 0);
      // A pod that is scaled away and still there, as a view that lags has it, stands in for no other.
      const end = endOrdinal(statefulSet);
      const lasting = pods.filter((pod) => pod.available && pod.ordinal < end).length;
      const missing = Math.max(expected - available, wanted - lasting);
      const lost = deleting.filter(
        ({ statefulSet: owner, pod }) => owner === statefulSet.metadata.name && !pods.some(({ name }) => name === pod),
      );
      return {
        name: statefulSet.metadata.name,
        statefulSet,
        pods,
        replicas: wanted,
        maxUnavailable,
        budget: maxUnavailable - missing,
        updated: pods.filter((pod) => !pod.outdated && !pod.terminating).length,
        available,
        outdated: pods.filter((pod) => pod.outdated).length,
        paused: statefulSet.metadata.annotations?.[PAUSED_ANNOTATION] === "true",
        failedCreate: observation.failedCreates?.causes[statefulSet.metadata.name],
        unready: unreadiness(statefulSet, pods, lost, observation.failedCreates?.causes[statefulSet.metadata.name]),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Ordinal after the last one that is wanted: pods from there on are scaled away. */
export function endOrdinal(statefulSet: StatefulSet): number {
  return firstOrdinal(statefulSet) + (statefulSet.spec.replicas ?? 1);
}

/** Groups the StatefulSets by zone, in the order zones are worked on, together with members that are gone. */
export function viewZones(
  views: readonly StatefulSetView[],
  zoneOf: ReadonlyMap<string, string>,
  members: readonly Member[],
  azOrder: readonly string[],
): ZoneView[] {
  const changes = members.flatMap((member) => {
    const view = views.find(({ name }) => name === member.name);
    const problem = membershipProblem(member, view?.statefulSet);
    return problem === undefined ? [] : [{ zone: view === undefined ? member.zone : zoneOf.get(view.name), problem }];
  });
  const names = new Set([
    ...views.map(({ name }) => zoneOf.get(name) ?? name),
    ...changes.map(({ zone }) => zone ?? ""),
  ]);
  return [...names].sort(compareZones(azOrder)).map((name) => {
    const parts = views.filter((view) => (zoneOf.get(view.name) ?? view.name) === name);
    const changed = changes.filter(({ zone }) => zone === name).map(({ problem }) => problem);
    return {
      name,
      parts,
      changed,
      unready: [...changed, ...parts.flatMap(({ unready }) => unready)],
      complete: changed.length === 0 && parts.every(({ outdated, paused }) => outdated === 0 || paused),
    };
  });
}

/** Why a member is not what it was when the rollout started; undefined when it is. */
export function membershipProblem(member: Member, found: StatefulSet | undefined): string | undefined {
  if (found === undefined) return `StatefulSet ${member.name} is gone or its labels no longer match the selector`;
  if (found.metadata.uid !== member.uid) return `StatefulSet ${member.name} was deleted and created again`;
  return undefined;
}

function unreadiness(
  statefulSet: StatefulSet,
  pods: readonly PodView[],
  lost: readonly Deleting[],
  failedCreate: string | undefined,
): string[] {
  const { name } = statefulSet.metadata;
  const { replicas = 0, readyReplicas = 0 } = statefulSet.status ?? {};
  const wanted = statefulSet.spec.replicas ?? 1;
  const found = pods.flatMap((pod) => (pod.trouble === undefined ? [] : [`${pod.name}: ${pod.trouble}`]));
  const missing = lost.map(({ pod }) => `${pod}: deleted and not back yet`);
  const counts: string[] = [];
  if (pods.length < replicas) counts.push(`${name}: ${replicas - pods.length} of ${replicas} pods missing`);
  else if (wanted > replicas) counts.push(`${name}: ${replicas} of ${wanted} pods exist`);
  else if (wanted < replicas && found.length === 0) counts.push(`${name}: ${replicas} pods, ${wanted} wanted`);
  else if (replicas !== readyReplicas && found.length === 0 && missing.length === 0) {
    counts.push(`${name}: ${readyReplicas} of ${replicas} pods ready`);
  }
  const refused = failedCreate !== undefined && pods.length < wanted ? [failedCreate] : [];
  return [...found, ...missing, ...counts, ...refused];
}

/** How many of `replicas` pods of a StatefulSet may be unavailable; `problem` names an annotation that cannot be read (1 is used). */
export function resolveMaxUnavailable(
  statefulSet: StatefulSet,
  spec: RolloutSpec,
  replicas = statefulSet.spec.replicas ?? 1,
): { maxUnavailable: number; problem?: string } {
  const annotated = statefulSet.metadata.annotations?.[MAX_UNAVAILABLE_ANNOTATION];
  if (annotated === undefined) return { maxUnavailable: podCount(spec.rollingUpdate.maxUnavailable, replicas) };
  const text = annotated.trim();
  const parsed = MaxUnavailable.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (parsed.success) return { maxUnavailable: podCount(parsed.data, replicas) };
  const { name } = statefulSet.metadata;
  return {
    maxUnavailable: 1,
    problem: `annotation ${MAX_UNAVAILABLE_ANNOTATION}: ${JSON.stringify(annotated)} on StatefulSet ${name} is neither a number from 1 nor a percentage; 1 is used until it is corrected or removed`,
  };
}

function podCount(value: MaxUnavailable, replicas: number): number {
  if (typeof value === "number") return value;
  return Math.max(1, Math.floor((Number(value.slice(0, -1)) * replicas) / 100));
}

/**
 * Whether revisions and counts show something to do (rule: idle costs one list of StatefulSets, pods are read only when
 * needed). A rollout under way always needs the pods.
 */
export function needsPods(statefulSets: readonly StatefulSet[]): boolean {
  return statefulSets.some(({ metadata, spec, status }) => {
    const { replicas = 0, updatedReplicas = 0, updateRevision, currentRevision } = status ?? {};
    const observed = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
    if (!observed || updateRevision === undefined || updateRevision !== currentRevision) return true;
    return updatedReplicas !== replicas && (spec.replicas ?? 1) > 0;
  });
}
