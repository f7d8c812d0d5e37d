import { NO_DOWNSCALE_LABEL } from "../guards/names.ts";
import type { ResourceType } from "../kubernetes/client.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { formatGoDuration } from "../registry/go-duration.ts";
import { afterDelay } from "./delayed-wish.ts";
import { MALFORMED } from "./pod-endpoint.ts";
import { MIN_TIME_LABEL, mirrorKey, parseReplicaRules, type ReplicaRules } from "./replica-annotations.ts";
import type { ReplicaMemory, RolloutState } from "./state.ts";
import { secondsLeft } from "./time.ts";

/** What the resource answered that a StatefulSet takes its replicas from. */
export type MirrorReading =
  | {
      /** `spec.replicas` and `status.replicas` of its scale. */
      replicas: number;
      statusReplicas: number;
      type: ResourceType;
      name: string;
      /** Why its status could not be written. */
      refused?: { reason: "Forbidden" | "NotWritten"; message: string };
    }
  | { reason: string; message: string };

/** A StatefulSet with the rules that stand on it. */
export interface Follower {
  name: string;
  statefulSet: StatefulSet;
  /** `spec.replicas`. */
  replicas: number;
  rules: ReplicaRules;
  mirror: MirrorReading | undefined;
  /** When it was scaled down last, by its annotation or as we saw it; `MALFORMED` when that cannot be read. */
  lastDownscaleAt: string | undefined;
}

/** Replicas a StatefulSet is to have. */
export interface Wish {
  statefulSet: string;
  from: number;
  to: number;
  reason: "FollowsLeader" | "MirrorsReplicas" | "ForcedReplicas";
}

/** Why a StatefulSet does not have the replicas it is to have. */
export interface ScaleWait {
  statefulSet: string;
  /** CamelCase. */
  reason: string;
  message: string;
  /** Seconds after which it may be over without any event. */
  wakeInSeconds?: number;
}

/**
 * The group with the rules of its members, in name order.
 * @param mirrors by `mirrorKey`; an answer counts only where a StatefulSet still names its resource.
 */
export function followersOf(
  statefulSets: readonly StatefulSet[],
  mirrors: Readonly<Record<string, MirrorReading>>,
  memory: ReplicaMemory,
): Follower[] {
  return statefulSets
    .map((statefulSet) => {
      const { name } = statefulSet.metadata;
      const rules = parseReplicaRules(statefulSet);
      const lastDownscaleAt = latest(rules.lastDownscaleAt, memory[name]?.downscaledAt);
      return {
        name,
        statefulSet,
        replicas: statefulSet.spec.replicas ?? 1,
        rules,
        mirror: rules.mirror && mirrors[mirrorKey(rules.mirror)],
        lastDownscaleAt,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What one StatefulSet is to become now, by the rules of grafana/rollout-operator: forced replicas count before a leader, a
 * leader before a mirrored resource. Undefined when it is as it is to be.
 * @param delayed what is known of pods that wait for a delayed downscale.
 */
export function wishFor(
  follower: Follower,
  group: readonly Follower[],
  { now, delayed }: { now: string; delayed: RolloutState["delayed"] },
): Wish | ScaleWait | undefined {
  const { rules } = follower;
  const wish = wantedReplicas(follower, group);
  if (wish === undefined || "message" in wish || wish.to === wish.from) return isWish(wish) ? undefined : wish;
  if (wish.to > wish.from) return wish;
  if (isKept(follower)) {
    const message = `${wish.statefulSet} has ${wish.from} replicas and is to have ${wish.to}, but is labelled ${NO_DOWNSCALE_LABEL}=true; remove the label to have it scaled down.`;
    return { statefulSet: wish.statefulSet, reason: "NoDownscale", message };
  }
  if (rules.delay === MALFORMED) {
    const message = `${follower.name} has ${wish.from} replicas and is to have ${wish.to}, but how long its pods are to wait, or where they are to be prepared, cannot be read.`;
    return { statefulSet: follower.name, reason: "MalformedAnnotation", message };
  }
  if (rules.delay === undefined) return afterOthers(wish, follower, group, now);
  const found = afterDelay(wish, rules.delay, {
    statefulSet: follower.statefulSet,
    known: delayed?.[follower.name],
    now,
  });
  return isWish(found) ? afterOthers(found, follower, group, now) : found;
}

/** Fewer replicas, once the minimum time between two StatefulSets has passed. */
function afterOthers(wish: Wish, follower: Follower, group: readonly Follower[], now: string): Wish | ScaleWait {
  const { rules } = follower;
  const wait = wish.reason === "FollowsLeader" ? sinceOthers(follower, group, now) : undefined;
  if (wait !== undefined) return wait;
  if (rules.prepare === undefined) return wish;
  if (rules.prepare !== MALFORMED) return sinceEach(follower, group, now) ?? wish;
  const message = `${follower.name} has ${wish.from} replicas and is to have ${wish.to}, but where its pods are to be prepared cannot be read.`;
  return { statefulSet: follower.name, reason: "MalformedAnnotation", message };
}

export const isWish = (found: Wish | ScaleWait | undefined): found is Wish => found !== undefined && "to" in found;

/** Whether people keep the StatefulSet from being scaled down. */
export const isKept = ({ statefulSet }: Follower): boolean =>
  statefulSet.metadata.labels?.[NO_DOWNSCALE_LABEL] === "true";

/** What the rules ask for, whenever it may be done. Undefined when they ask for nothing that is known. */
export function wantedReplicas(follower: Follower, group: readonly Follower[]): Wish | ScaleWait | undefined {
  const { name: statefulSet, rules, mirror, replicas: from } = follower;
  if (rules.forced !== undefined) return { statefulSet, from, to: rules.forced, reason: "ForcedReplicas" };
  if (rules.leader === undefined) {
    if (mirror === undefined) return undefined;
    if ("reason" in mirror) return { statefulSet, ...mirror };
    return { statefulSet, from, to: mirror.replicas, reason: "MirrorsReplicas" };
  }
  const leader = group.find(({ name }) => name === rules.leader);
  if (leader === undefined) {
    const message = `${statefulSet} follows ${rules.leader}, which does not exist or is not selected; correct grafana.com/rollout-downscale-leader or the selector.`;
    return { statefulSet, reason: "LeaderMissing", message };
  }
  const cycle = cycleOf(follower, group);
  if (cycle !== undefined) {
    const message = `${[...cycle, statefulSet].join(" follows ")}: nobody leads; remove grafana.com/rollout-downscale-leader from one of them.`;
    return { statefulSet, reason: "LeaderCycle", message };
  }
  const ready = leader.statefulSet.status?.readyReplicas ?? 0;
  if (leader.replicas > from && rules.upscaleOnlyWhenLeaderReady && ready !== leader.replicas) {
    const message = `${statefulSet} gets ${leader.replicas} replicas once those of ${leader.name} are ready: ${ready} of ${leader.replicas} are.`;
    return { statefulSet, reason: "WaitingForLeader", message };
  }
  return { statefulSet, from, to: leader.replicas, reason: "FollowsLeader" };
}

/** The StatefulSets that follow each other from this one back to it; forced replicas follow nobody. */
function cycleOf(follower: Follower, group: readonly Follower[]): string[] | undefined {
  const path: string[] = [];
  let next: Follower | undefined = follower;
  while (next !== undefined && next.rules.forced === undefined && !path.includes(next.name)) {
    path.push(next.name);
    const { leader }: ReplicaRules = next.rules;
    if (leader === follower.name) return path;
    next = group.find(({ name }) => name === leader);
  }
  return undefined;
}

/** A follower waits its own minimum time after the last scale-down of any other StatefulSet of the group. */
function sinceOthers(follower: Follower, group: readonly Follower[], now: string): ScaleWait | undefined {
  const { name: statefulSet, rules } = follower;
  const others = group.filter(({ name, lastDownscaleAt }) => name !== statefulSet && lastDownscaleAt !== undefined);
  const unreadable = others.find(({ lastDownscaleAt }) => lastDownscaleAt === MALFORMED);
  if (unreadable !== undefined) return unreadableWait(statefulSet, unreadable.name);
  const [last] = others.toSorted((a, b) => ((a.lastDownscaleAt ?? "") > (b.lastDownscaleAt ?? "") ? -1 : 1));
  if (last === undefined) return undefined;
  if (rules.minTimeSeconds === undefined || rules.minTimeSeconds === MALFORMED) {
    const message = `${statefulSet} needs a label ${MIN_TIME_LABEL} such as 12h to be scaled down after ${last.name}, which was at ${last.lastDownscaleAt}.`;
    return { statefulSet, reason: "MinTimeMissing", message };
  }
  return tooSoon(statefulSet, last, rules.minTimeSeconds, now);
}

/** A StatefulSet whose pods are prepared waits for the minimum time of each other one too, whatever asks for fewer replicas. */
function sinceEach({ name: statefulSet }: Follower, group: readonly Follower[], now: string): ScaleWait | undefined {
  const waits = group
    .filter(({ name, lastDownscaleAt, rules }) => {
      return name !== statefulSet && lastDownscaleAt !== undefined && rules.minTimeSeconds !== undefined;
    })
    .flatMap((other) => {
      const { lastDownscaleAt, rules, name } = other;
      if (lastDownscaleAt === MALFORMED || typeof rules.minTimeSeconds !== "number")
        return unreadableWait(statefulSet, name);
      return tooSoon(statefulSet, other, rules.minTimeSeconds, now) ?? [];
    });
  return waits.toSorted((a, b) => (b.wakeInSeconds ?? 0) - (a.wakeInSeconds ?? 0))[0];
}

function unreadableWait(statefulSet: string, other: string): ScaleWait {
  const message = `${statefulSet} is not scaled down: when ${other} was, and how long to wait, cannot be read.`;
  return { statefulSet, reason: "MalformedAnnotation", message };
}

function tooSoon(statefulSet: string, last: Follower, minTimeSeconds: number, now: string): ScaleWait | undefined {
  const left = secondsLeft(last.lastDownscaleAt ?? now, minTimeSeconds, now);
  if (left === 0) return undefined;
  const message = `${statefulSet} is scaled down ${formatGoDuration(Math.ceil(minTimeSeconds))} after ${last.name}, which was at ${last.lastDownscaleAt}.`;
  return { statefulSet, reason: "MinTimeBetweenDownscales", message, wakeInSeconds: left };
}

function latest(annotated: string | undefined, seen: string | undefined): string | undefined {
  if (annotated === MALFORMED || seen === undefined) return annotated;
  return annotated === undefined || seen > annotated ? seen : annotated;
}
