import type { Pod, StatefulSet } from "../kubernetes/objects.ts";
import type { Deleting } from "./state.ts";
import { secondsLeft } from "./time.ts";

/** One owned pod, as the planner sees it. */
export interface PodView {
  name: string;
  uid: string;
  ordinal: number;
  /** RFC 3339; undefined when the server does not tell. */
  createdAt: string | undefined;
  /** Label controller-revision-hash differs from the StatefulSet's updateRevision. */
  outdated: boolean;
  /** Has a deletion timestamp, or was deleted by us and the view lags. */
  terminating: boolean;
  /** In phase Running, whether Ready or not. */
  running: boolean;
  /** Running and Ready for minReadySeconds and not terminating. */
  available: boolean;
  /** Seconds until a Ready pod counts as available; undefined when it does, or is not Ready. */
  availableInSeconds: number | undefined;
  /** Why its containers wait, e.g. `CrashLoopBackOff`; else the phase or `NotReady`; undefined when available. */
  trouble: string | undefined;
  /** Outdated, and waits for a reason that a new revision can cure, or has not been Ready for the progress deadline. */
  curable: boolean;
}

export interface ViewOptions {
  minReadySeconds: number;
  /** A pod that is not Ready for so long will not become so by itself, seconds. */
  progressDeadlineSeconds: number;
  /** The API server's clock, ISO-8601 UTC. */
  now: string;
}

/** Waiting reasons that come from the template: a new revision can cure them. Source: kubelet container states. */
const CURABLE = new Set([
  "CrashLoopBackOff",
  "ImagePullBackOff",
  "ErrImagePull",
  "ErrImageNeverPull",
  "InvalidImageName",
  "ImageInspectError",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "StartError",
  "PostStartHookError",
]);

/** Pods the StatefulSet controls (by owner reference, not by labels), in ordinal order. */
export function viewPods(
  statefulSet: StatefulSet,
  pods: readonly Pod[],
  options: ViewOptions & { deleting: readonly Deleting[] },
): PodView[] {
  const deleted = new Set(options.deleting.map(({ uid }) => uid));
  return pods
    .filter((pod) => isOwned(pod, statefulSet))
    .map((pod) => viewPod(pod, statefulSet, deleted, options))
    .sort((a, b) => a.ordinal - b.ordinal || (a.name < b.name ? -1 : 1));
}

/** @returns whether the StatefulSet controls the pod. */
export function isOwned(pod: Pod, statefulSet: StatefulSet): boolean {
  return (pod.metadata.ownerReferences ?? []).some(
    ({ controller, kind, uid }) => controller === true && kind === "StatefulSet" && uid === statefulSet.metadata.uid,
  );
}

/** The number at the end of a pod's name: `ingester-11` → 11. */
export function ordinalOf(podName: string): number {
  const match = /-(\d+)$/.exec(podName);
  return match === null ? Number.MAX_SAFE_INTEGER : Number(match[1]);
}

/** Whether a pod of the wanted revision has been there for half the deadline or longer and is not available. */
export function isLate(
  { outdated, terminating, available, createdAt }: PodView,
  { progressDeadlineSeconds, now }: Pick<ViewOptions, "progressDeadlineSeconds" | "now">,
): boolean {
  if (outdated || terminating || available || createdAt === undefined) return false;
  return secondsLeft(createdAt, progressDeadlineSeconds / 2, now) === 0;
}

function viewPod(pod: Pod, statefulSet: StatefulSet, deleted: ReadonlySet<string>, options: ViewOptions): PodView {
  const { name, uid = "", labels, deletionTimestamp } = pod.metadata;
  const revision = labels?.["controller-revision-hash"];
  const outdated = revision !== statefulSet.status?.updateRevision;
  const terminating = deletionTimestamp !== undefined || deleted.has(uid);
  const ready = pod.status?.conditions?.find(({ type }) => type === "Ready");
  const isReady = pod.status?.phase === "Running" && ready?.status === "True";
  const minReady = Math.max(options.minReadySeconds, statefulSet.spec.minReadySeconds ?? 0);
  const left =
    isReady && minReady > 0 ? secondsLeft(ready.lastTransitionTime ?? options.now, minReady, options.now) : 0;
  const waiting = waitingReason(pod);
  const unreadySince = ready?.lastTransitionTime ?? pod.metadata.creationTimestamp ?? options.now;
  const hopeless = secondsLeft(unreadySince, options.progressDeadlineSeconds, options.now) === 0;
  const available = isReady && left === 0 && !terminating;
  return {
    name,
    uid,
    ordinal: ordinalOf(name),
    createdAt: pod.metadata.creationTimestamp,
    outdated,
    terminating,
    running: pod.status?.phase === "Running",
    available,
    availableInSeconds: isReady && !terminating && left > 0 ? left : undefined,
    trouble: available ? undefined : troubleOf(pod, { terminating, isReady, waiting }),
    curable: outdated && !terminating && !isReady && (CURABLE.has(waiting ?? "") || hopeless),
  };
}

function waitingReason({ status }: Pod): string | undefined {
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const reasons = containers.flatMap(({ state }) => state?.waiting?.reason ?? []);
  return reasons.find((reason) => CURABLE.has(reason)) ?? reasons[0];
}

function troubleOf(pod: Pod, seen: { terminating: boolean; isReady: boolean; waiting: string | undefined }): string {
  if (seen.terminating) return "Terminating";
  if (seen.waiting !== undefined) return seen.waiting;
  if (seen.isReady) return "ReadyForTooShort";
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  if (unscheduled !== undefined) return unscheduled.reason ?? "Unschedulable";
  return pod.status?.phase === "Running" ? "NotReady" : (pod.status?.phase ?? "Unknown");
}
