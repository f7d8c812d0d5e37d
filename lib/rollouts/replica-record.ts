import type { StatefulSet } from "../kubernetes/objects.ts";
import { endOrdinal, type StatefulSetView } from "./members.ts";
import { ordinalOf } from "./pods.ts";
import { hasReplicaRules, LEADER_ANNOTATION } from "./replica-annotations.ts";
import type { ReplicaMemory, ScaleDown } from "./state.ts";
import { secondsBetween, secondsLeft } from "./time.ts";

/**
 * What the members' replicas are now. People and autoscalers write no annotation when they scale a leader down, so a drop
 * between two looks counts as its last scale-down; one that is created again smaller has lost pods too. A leader that is
 * missing is not forgotten, nor is anything where nothing is selected just now. Empty in a group without replica rules.
 */
export function rememberReplicas(
  known: ReplicaMemory,
  statefulSets: readonly StatefulSet[],
  now: string,
): ReplicaMemory {
  if (statefulSets.length === 0) return known;
  if (!statefulSets.some(hasReplicaRules)) return {};
  const missing = statefulSets.flatMap(({ metadata: { annotations = {} } }) => {
    const leader = annotations[LEADER_ANNOTATION];
    const before = leader === undefined ? undefined : known[leader];
    return leader === undefined || before === undefined ? [] : [[leader, before] as const];
  });
  const present = statefulSets.map(({ metadata: { name, uid = "" }, spec }) => {
    const replicas = spec.replicas ?? 1;
    const before = known[name];
    const downscaledAt = before !== undefined && replicas < before.replicas ? now : before?.downscaledAt;
    return [name, { uid, replicas, ...(downscaledAt === undefined ? {} : { downscaledAt }) }] as const;
  });
  return Object.fromEntries([...missing, ...present]);
}

/** How an intended scale-down stands, as far as can be seen. */
export type Standing =
  /** Carried out, or may be as long as nothing was answered, while what is seen is older. */
  | { type: "unseen"; record: ScaleDown }
  /** Not carried out, and its pods may have been prepared. */
  | { type: "unfinished"; record: ScaleDown };

/** How the scale-down intended last stands; undefined when there is nothing left of it. */
export function standingOf(
  record: ScaleDown | undefined,
  statefulSets: readonly StatefulSet[],
  now: string,
): Standing | undefined {
  const found = statefulSets.find(({ metadata }) => metadata.name === record?.statefulSet);
  if (record === undefined || found === undefined || found.metadata.uid !== record.uid) return undefined;
  if ((found.spec.replicas ?? 1) <= record.to) return undefined;
  const older = (found.metadata.generation ?? 0) <= record.generation;
  if (record.done === true) return older ? { type: "unseen", record } : undefined;
  if (record.mayComeUntil !== undefined && older && secondsBetween(now, record.mayComeUntil) > 0)
    return { type: "unseen", record };
  return record.endpoint === undefined ? undefined : { type: "unfinished", record };
}

/** Pods that do not take back their preparation are told seldom after so many passes. */
const UNDO_ATTEMPTS = 5;
/** Seconds between two of them, and between two afterwards. */
const UNDO_SECONDS = 10;
const SELDOM_SECONDS = 600;

/** Whether pods may be told again that they stay. */
export const isUndoDue = (record: Undone, now: string): boolean => undoDueInSeconds(record, now) === 0;

type Undone = Pick<ScaleDown, "undone" | "undoneAt">;

/** Whether they were told so often that they are told seldom from now on. */
export const isUndoneOften = ({ undone = 0 }: Undone): boolean => undone >= UNDO_ATTEMPTS;

/** When they may be. */
export function undoDueInSeconds({ undoneAt, undone = 0 }: Undone, now: string): number {
  if (undoneAt === undefined) return 0;
  return secondsLeft(undoneAt, undone < UNDO_ATTEMPTS ? UNDO_SECONDS : SELDOM_SECONDS, now);
}

/** The StatefulSet whose pods may be prepared for their end and cannot be told now that they stay. */
export function stillPrepared(standing: Standing | undefined, now: string): string | undefined {
  if (standing?.type !== "unfinished") return undefined;
  const { statefulSet, undone = 0 } = standing.record;
  return undone < UNDO_ATTEMPTS && !isUndoDue(standing.record, now) ? statefulSet : undefined;
}

/** Pods of an unfinished scale-down that are still wanted. */
export function preparedPods({ pods }: Pick<ScaleDown, "pods">, statefulSet: StatefulSet): string[] {
  const end = endOrdinal(statefulSet);
  return pods.filter((pod) => ordinalOf(pod) < end);
}

/** The StatefulSet whose scale-down is not seen yet is not Ready, and its pods are leaving. */
export function withUnseen(views: readonly StatefulSetView[], standing: Standing | undefined): StatefulSetView[] {
  if (standing?.type !== "unseen") return [...views];
  const { statefulSet, to, pods } = standing.record;
  return views.map((view) =>
    view.name === statefulSet
      ? { ...view, leaving: pods, unready: [...view.unready, `${view.name}: scaled down to ${to}, not seen yet`] }
      : view,
  );
}
