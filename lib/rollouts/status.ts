import type { Condition, StatefulSet } from "../kubernetes/objects.ts";
import { type Approval, rolloutToken } from "./approval.ts";
import type { GateAnswer } from "./gates.ts";
import type { StatefulSetView, ZoneView } from "./members.ts";
import type { MultiAZRollout, Observation } from "./observation.ts";
import type { Plan } from "./plan.ts";
import type { PodView } from "./pods.ts";
import type { Reason } from "./reason.ts";
import type { Phase } from "./safety-rule.ts";
import type { RolloutState } from "./state.ts";

export interface ZoneStatus {
  name: string;
  statefulSets: string[];
  replicas: number;
  updated: number;
  available: number;
  phase: "Pending" | "Updating" | "Unready" | "Soaking" | "Completed" | "Changed";
  /**
   * A letter for each pod in ordinal order: `o` of the revision before and available, `x` not available; `N` of the wanted
   * revision and available, `n` not yet; `t` on its way out; `.` missing. Absent while pods are not read, and beyond 200 pods.
   */
  pods?: string;
  /** Why it is not Ready, at most 10 reasons; absent when it is. */
  unready?: string[];
  startedAt?: string;
  finishedAt?: string;
}

/** `status` of a MultiAZRollout. It holds nothing that changes by itself, so an unchanged rollout is not written again. */
export interface RolloutStatus extends Record<string, unknown> {
  phase: Phase;
  currentZone?: string;
  zones: ZoneStatus[];
  updatedReplicas: number;
  replicas: number;
  /** `updatedReplicas/replicas`, for the printer column UPDATED. */
  updated: string;
  startedAt?: string;
  finishedAt?: string;
  /** Names the rollout under way, or the last one, in orders about it. */
  rollout?: string;
  /** What each gate answered last while the rollout is under way. */
  gates?: { name: string; state: GateAnswer["result"] }[];
  /** What a person is asked for, and the value of the annotation that answers. */
  approval?: Approval;
  observedGeneration: number;
  conditions: Condition[];
}

/** The status a plan comes to. Conditions keep their transition time while their status stays. */
export function rolloutStatus(plan: Plan, observation: Observation): RolloutStatus {
  const { resource, pods, observedAt } = observation;
  const zones = plan.zones.map((zone) => zoneStatus(zone, plan, pods !== undefined));
  const sum = (pick: (zone: ZoneStatus) => number): number => zones.reduce((total, zone) => total + pick(zone), 0);
  const replicas = sum((zone) => zone.replicas);
  const updatedReplicas = sum((zone) => zone.updated);
  const conditions = conditionsOf(plan.phase, plan.reason, plan.message);
  const scaled = scaledCondition(plan);
  if (scaled !== undefined) conditions.push(scaled);
  if (plan.warnings.length > 0) {
    const message = `${plan.warnings.join("; ")}.`;
    conditions.push({ type: "AnnotationsValid", status: "False", reason: "MalformedAnnotation", message });
  }
  for (const note of plan.notes) conditions.push({ ...note, status: "False" });
  return {
    phase: plan.phase,
    ...(plan.currentZone === undefined ? {} : { currentZone: plan.currentZone }),
    zones,
    updatedReplicas,
    replicas,
    updated: `${updatedReplicas}/${replicas}`,
    ...(plan.times.startedAt === undefined ? {} : { startedAt: plan.times.startedAt }),
    ...(plan.times.finishedAt === undefined ? {} : { finishedAt: plan.times.finishedAt }),
    ...(plan.times.token === undefined ? {} : { rollout: plan.times.token }),
    ...(plan.gates.length === 0
      ? {}
      : { gates: plan.gates.map(({ gate, result }) => ({ name: gate, state: result })) }),
    ...(plan.approval === undefined ? {} : { approval: plan.approval }),
    observedGeneration: resource.metadata.generation ?? 0,
    conditions: transition(resource, conditions, observedAt),
  };
}

/**
 * The status of a resource on which nothing can be planned: its spec is refused, or the cluster refuses us. It names the
 * rollout all the same, which people may want to abort just then.
 */
export function refusedStatus(
  resource: MultiAZRollout,
  why: { phase: "Refused" | "Held"; reason: Reason; message: string },
  now: string,
  { rollout, last }: Pick<RolloutState, "rollout" | "last"> = {},
): RolloutStatus {
  const before = resource.status as Partial<RolloutStatus> | undefined;
  const token = rollout === undefined ? last?.token : rolloutToken(rollout);
  return {
    phase: why.phase,
    zones: before?.zones ?? [],
    updatedReplicas: before?.updatedReplicas ?? 0,
    replicas: before?.replicas ?? 0,
    updated: before?.updated ?? "0/0",
    ...(token === undefined ? {} : { rollout: token }),
    observedGeneration: resource.metadata.generation ?? 0,
    conditions: transition(resource, conditionsOf(why.phase, why.reason, why.message), now),
  };
}

type Claimed = Omit<Condition, "lastTransitionTime" | "observedGeneration">;

/** The phases in which each condition holds. */
const HOLDS: Readonly<Record<string, readonly Phase[]>> = {
  Ready: ["Idle", "Completed"],
  Progressing: ["Progressing", "RollingBack"],
  Held: ["Held"],
  Stalled: ["Stalled"],
};

/** Why is told once: by Ready, and by the condition that holds. The others only name the phase. */
export function conditionsOf(phase: Phase, reason: Reason, message: string): Claimed[] {
  return Object.entries(HOLDS).map(([type, phases]) => {
    const holds = phases.includes(phase);
    const told = holds || type === "Ready";
    return { type, status: holds ? "True" : "False", reason: told ? reason : phase, message: told ? message : "" };
  });
}

/** Whether the members have the replicas that the rules on them ask for; undefined when no rule does. */
function scaledCondition({ scaling, actions }: Plan): Claimed | undefined {
  const scales = actions.filter((action) => action.kind === "ScaleStatefulSet");
  const [wait] = scaling.waits;
  if (!scaling.inUse && wait === undefined) return undefined;
  const doing = scales.map(({ statefulSet, from, to }) => `${statefulSet} goes from ${from} to ${to} replicas.`);
  const message = [...doing, ...scaling.waits.map((each) => each.message)].join(" ");
  const [scale] = scales;
  if (scale !== undefined)
    return { type: "Scaled", status: "False", reason: scale.to > scale.from ? "ScalingUp" : "ScalingDown", message };
  if (wait !== undefined) return { type: "Scaled", status: "False", reason: wait.reason, message };
  return { type: "Scaled", status: "True", reason: "AsWanted", message: "Replicas are what the annotations ask for." };
}

function transition(resource: MultiAZRollout, conditions: readonly Claimed[], now: string): Condition[] {
  const before = resource.status?.conditions ?? [];
  return conditions.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const since = old?.status === condition.status ? old.lastTransitionTime : now.replace(/\.\d+Z$/, "Z");
    return { ...condition, lastTransitionTime: since, observedGeneration: resource.metadata.generation ?? 0 };
  });
}

function zoneStatus(zone: ZoneView, plan: Plan, withPods: boolean): ZoneStatus {
  const sum = (pick: (part: StatefulSetView) => number): number =>
    zone.parts.reduce((total, part) => total + pick(part), 0);
  const time = plan.times.zones[zone.name];
  return {
    name: zone.name,
    statefulSets: zone.parts.map(({ name }) => name),
    replicas: sum((part) => part.replicas),
    updated: sum((part) => (withPods ? part.updated : (part.statefulSet.status?.updatedReplicas ?? 0))),
    available: sum((part) => (withPods ? part.available : (part.statefulSet.status?.availableReplicas ?? 0))),
    phase: zonePhase(zone, plan, withPods),
    ...(withPods ? podsOf(zone) : {}),
    ...(time?.startedAt === undefined ? {} : { startedAt: time.startedAt }),
    ...(time?.finishedAt === undefined ? {} : { finishedAt: time.finishedAt }),
  };
}

/** Beyond this a zone's pods are counted and not shown one by one. */
const MOST_PODS = 200;
const MOST_REASONS = 10;

function podsOf({ parts, unready }: ZoneView): Pick<ZoneStatus, "pods" | "unready"> {
  const letters = parts.map(({ pods, replicas }) => {
    const missing = Math.max(0, replicas - pods.length);
    return pods.map(letterOf).join("") + ".".repeat(Math.min(missing, MOST_PODS + 1));
  });
  const pods = letters.join("");
  return {
    ...(pods.length > MOST_PODS ? {} : { pods }),
    ...(unready.length === 0 ? {} : { unready: unready.slice(0, MOST_REASONS) }),
  };
}

function letterOf({ outdated, terminating, available }: PodView): string {
  if (terminating) return "t";
  if (outdated) return available ? "o" : "x";
  return available ? "N" : "n";
}

function zonePhase(zone: ZoneView, { times, currentZone, reason }: Plan, withPods: boolean): ZoneStatus["phase"] {
  if (zone.changed.length > 0) return "Changed";
  if (!withPods) return zone.parts.every(({ statefulSet }) => isUpdated(statefulSet)) ? "Completed" : "Pending";
  const soakFrom = times.zones[zone.name]?.soakFrom;
  const later = Object.values(times.zones).some((other) => (other.soakFrom ?? "") > (soakFrom ?? ""));
  if (zone.complete && zone.unready.length === 0) {
    return reason === "Soaking" && soakFrom !== undefined && !later ? "Soaking" : "Completed";
  }
  if (zone.name === currentZone && reason !== "Soaking") return "Updating";
  return zone.unready.length > 0 ? "Unready" : "Pending";
}

function isUpdated({ status }: StatefulSet): boolean {
  return status?.updatedReplicas === status?.replicas;
}
