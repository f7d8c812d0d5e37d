import { type Approval, membersApproval, rememberApproval, zoneApproval } from "./approval.ts";
import type { GateAnswer, GateReadings } from "./gates.ts";
import { pendingDeletes, resolveMaxUnavailable, viewStatefulSets, viewZones, type ZoneView } from "./members.ts";
import { type Note, notesOf, whyNoShifts } from "./notes.ts";
import type { Observation } from "./observation.ts";
import { stopOf } from "./orders.ts";
import {
  adoptionsOf,
  claimsOf,
  deletesOf,
  type RolloutAction,
  releasesOf,
  restoresOf,
  revisionWritesOf,
} from "./plan-actions.ts";
import {
  advanceRollout,
  beginRollout,
  continueRollout,
  finishRollout,
  givesBack,
  rememberBatch,
  rememberNodeZones,
  reviveRollout,
} from "./plan-record.ts";
import { dueInSeconds, wakeInSeconds } from "./plan-timing.ts";
import type { PodView } from "./pods.ts";
import type { Reason } from "./reason.ts";
import { planScaling, type ScalingPlan } from "./replica-plan.ts";
import { rememberReplicas, standingOf, stillPrepared, withUnseen } from "./replica-record.ts";
import { advanceRollback, rejectedAgain } from "./rollback.ts";
import { filterBatch } from "./safety.ts";
import type { Candidate, Hold, Phase, SafetyContext } from "./safety-rule.ts";
import type { RolloutSpec } from "./spec.ts";
import { rememberPodZones, spansZones, spreadZones } from "./spread.ts";
import type { RolloutState, ZoneTimes } from "./state.ts";
import { assignZones } from "./zones.ts";

/** What one step comes to. Same input, same output. */
export interface Plan {
  /** In order: claims, strategies, deletes, status writes. */
  actions: RolloutAction[];
  phase: Phase;
  reason: Reason;
  message: string;
  /** Annotations that could not be read, as sentences. */
  warnings: string[];
  /** What the hub has to do without, and why: told in a condition of its own, and stops nothing. */
  notes: Note[];
  /** In the order they are worked on. */
  zones: ZoneView[];
  /** Times of the rollout under way, or of the last one. */
  times: { startedAt?: string; finishedAt?: string; token?: string | undefined; zones: Record<string, ZoneTimes> };
  /** The zone being worked on. */
  currentZone: string | undefined;
  /** Why nothing is deleted now; undefined when something is, or nothing is left to do. */
  hold: Hold | undefined;
  /** What the gates answered last; empty while no rollout is under way. */
  gates: readonly GateAnswer[];
  /** What a person is asked for; undefined when nothing waits for one. */
  approval: Approval | undefined;
  /** What becomes of the members' replicas. */
  scaling: Pick<ScalingPlan, "inUse" | "waits" | "needsView" | "asks">;
  /** Whether a watcher should stay: something may change within seconds. */
  watch: boolean;
  /** Seconds after which another plan may come out without any event. */
  wakeInSeconds: number | undefined;
  /** Seconds after which to look again when nobody watches. */
  nextDueInSeconds: number;
  nextState: RolloutState;
}

export interface PlanInput {
  spec: RolloutSpec;
  observation: Observation;
  state: RolloutState;
  /** Our claim: `<hub id>.<cluster>/<namespace>/<name>`. */
  owner: string;
  /** What the gates answered last; undefined before they were asked. */
  gates?: GateReadings | undefined;
  /** Whether zonal shifts are asked for before every batch. */
  asksShifts?: boolean;
}

/**
 * One step of a rollout, decided as data: zones and members, the outdated pods as candidates, the safety rules over
 * them, and what to remember. The only clock is `observation.observedAt`.
 */
export function planRollout({ spec, observation, state, owner, gates, asksShifts = false }: PlanInput): Plan {
  const now = observation.observedAt;
  const { azOrder } = spec;
  const topologyKey = spec.rollingUpdate.azTopologyKey;
  const nodeZones = rememberNodeZones(state.nodeZones, observation, topologyKey);
  const assigned = assignZones(observation.statefulSets, { azOrder, topologyKey, nodeZones: nodeZones.zones });
  const known = state.rejected ?? {};
  const { orders = {} } = observation;
  const begun = state.rollout ?? reviveRollout(state.last, spec, observation);
  const ongoing = continueRollout(begun, spec, observation, assigned.zones, known);
  const deleting = pendingDeletes(state.deleting, observation, ongoing?.members ?? []);
  const standing = standingOf(state.scaleDown, observation.statefulSets, now);
  const views = withUnseen(viewStatefulSets(observation, spec, deleting), standing);
  const podZones = rememberPodZones(state, observation, spec);
  const whole = viewZones(views, assigned.zones, ongoing?.members ?? [], azOrder);
  const [only] = views;
  const zones =
    only !== undefined && observation.pods !== undefined && spansZones(podZones)
      ? spreadZones(
          only,
          whole.flatMap(({ changed }) => changed),
          { zones: podZones, spec, times: ongoing?.zones ?? {} },
        )
      : whole;
  const advanced = ongoing && advanceRollout(ongoing, zones, spec, now);
  const back = advanced && advanceRollback(advanced, known, spec, observation, zones);
  const timed = back && rememberApproval(back.rollout, observation);
  const { rejected = known, restores: toRestore = [] } = back ?? {};
  const { rollback } = timed ?? {};
  const rollsBack = rollback !== undefined;
  const asked = timed && zoneApproval(timed);
  const candidates = outdatedPods(zones, rollsBack);
  const context: SafetyContext = {
    spec,
    now,
    statefulSetsReadAt: observation.statefulSetsReadAt,
    owner,
    zones,
    zoneConflicts: assigned.conflicts,
    zoneTimes: timed?.zones ?? {},
    foreignController: observation.foreignController,
    controllersSoughtAt: observation.controllersSoughtAt,
    lastBatchAt: state.lastBatchAt,
    prepared: stillPrepared(standing, now),
    approval: rollsBack || asked?.token === timed?.approved ? undefined : asked,
    restores: toRestore,
    gates,
    asksShifts,
    stop: stopOf(orders, timed),
    generation: observation.resource.metadata.generation ?? 0,
    rollback,
    rejectedAgain: rejectedAgain(observation.statefulSets, rejected, toRestore),
    membersApproval: timed && membersApproval(timed, observation),
    stalled: timed?.stalledAt === undefined ? undefined : { message: stallMessage(zones, spec) },
  };
  const { batch, hold: held } = filterBatch(candidates, context);
  const begins = timed === undefined && candidates.length > 0 && held?.everything === undefined;
  const current = begins ? beginRollout(spec, observation, assigned.zones, zones) : timed;
  const done = current !== undefined && held === undefined && isDone(zones);
  const hold = held ?? (current === undefined || done || batch.length > 0 ? undefined : waitingForPods(zones));
  const record = current && rememberBatch(current, batch, hold, now);
  const rollout = done ? undefined : record;
  const last = done && record ? finishRollout(record, now) : state.last;
  const step = hold?.phase ?? (rollout !== undefined ? "Progressing" : last === undefined ? "Idle" : "Completed");
  const phase = step === "Progressing" && rollout?.rollback !== undefined ? "RollingBack" : step;
  const active = phase === "Progressing" || phase === "RollingBack";
  const moving =
    rollout !== undefined || hold?.reason === "WaitingForStatefulSet" || hold?.reason === "AdoptingStrategy";
  const wake = wakeInSeconds(zones, hold, rollout, spec);
  const deletes = deletesOf(batch, observation);
  const adoptions = held?.reason === "AdoptingStrategy" ? adoptionsOf(observation, spec) : [];
  const restores =
    held?.reason === "RestoringTemplate" ? restoresOf(toRestore, observation, rollback?.ordered !== undefined) : [];
  const mayWrite = held?.everything === undefined;
  const scaling = planScaling({
    observation,
    state,
    memory: rememberReplicas(state.replicas ?? {}, observation.statefulSets, now),
    standing,
    context: { ...context, outdated: candidates, deleting: deleting.length },
    refusal: mayWrite ? undefined : held,
  });
  const changes = scaling.actions.some(({ kind }) => kind === "ScaleStatefulSet" || kind === "PrepareDelayedDownscale");
  const writes = deletes.length > 0 || adoptions.length > 0 || restores.length > 0 || changes;
  const volumes = rollout === undefined && hold === undefined ? undefined : state.volumes;
  const shiftsUnavailable = whyNoShifts(gates, state.shiftsUnavailable);
  return {
    actions: [
      ...(writes ? claimsOf(observation, owner) : []),
      ...(givesBack(held, timed, { ...state, deleting }, observation) ? releasesOf(observation, owner) : []),
      ...adoptions,
      ...restores,
      ...deletes,
      ...scaling.actions,
      ...(mayWrite ? revisionWritesOf(zones, observation) : []),
    ],
    phase,
    ...describe(phase, hold, deletes.length, zones, last?.rolledBack === true),
    warnings: [
      ...observation.statefulSets.flatMap((each) => resolveMaxUnavailable(each, spec).problem ?? []),
      ...scaling.warnings,
    ],
    notes: notesOf({
      shiftsUnavailable,
      volumes,
      failedCreates: observation.failedCreates,
      mirrors: observation.mirrors,
    }),
    zones,
    times: rollout ?? last ?? { zones: {} },
    currentZone: rollout === undefined ? undefined : zoneInWork(zones, batch),
    hold,
    gates: rollout === undefined ? [] : (gates?.answers ?? []),
    approval: approvalFor(hold, context),
    scaling,
    watch: moving && (active || hold?.reason === "MultipleZonesUnready"),
    wakeInSeconds: wake,
    nextDueInSeconds: Math.min(
      dueInSeconds(moving && active, hold, wake, rollout, spec),
      scaling.dueInSeconds ?? Number.POSITIVE_INFINITY,
    ),
    nextState: {
      version: 1,
      uid: state.uid,
      ...(state.pausedAt === undefined ? {} : { pausedAt: state.pausedAt }),
      ...(state.former === undefined ? {} : { former: state.former }),
      ...(rollout === undefined ? {} : { rollout }),
      ...(last === undefined ? {} : { last }),
      ...(isEmpty(rejected) || (done && !rollsBack) ? {} : { rejected }),
      ...lastBatch(deletes.length > 0 ? now : state.lastBatchAt),
      deleting: [...deleting, ...deletes.map(({ statefulSet, pod, uid }) => ({ statefulSet, pod, uid }))],
      nodeZones: rollout === undefined ? { topologyKey, zones: {} } : nodeZones,
      ...(isEmpty(podZones) ? {} : { podZones }),
      ...(volumes === undefined ? {} : { volumes }),
      claimed: writes ? allNames(observation, state.claimed) : state.claimed,
      ...scaling.nextState,
      ...(state.foreign === undefined ? {} : { foreign: state.foreign }),
      ...(shiftsUnavailable === undefined ? {} : { shiftsUnavailable }),
      announced: state.announced,
    },
  };
}

function approvalFor(hold: Hold | undefined, context: SafetyContext): Approval | undefined {
  if (hold?.reason === "ApprovalNeeded") return context.approval;
  return hold?.reason === "MembershipChanged" ? context.membersApproval : undefined;
}

/** In ordinal order; while rolling back the newest first, which are those of the template that stalled. */
function outdatedPods(zones: readonly ZoneView[], newestFirst: boolean): Candidate[] {
  const age = ({ createdAt = "" }: PodView): string => createdAt;
  const order = (pods: readonly PodView[]): readonly PodView[] =>
    newestFirst ? pods.toSorted((a, b) => (age(a) < age(b) ? 1 : age(a) > age(b) ? -1 : 0)) : pods;
  return zones.flatMap((zone) =>
    zone.parts.flatMap((part) =>
      order(part.pods.filter(({ outdated }) => outdated)).map((pod) => ({ zone, part, pod })),
    ),
  );
}

const isEmpty = (record: object): boolean => Object.keys(record).length === 0;

function isDone(zones: readonly ZoneView[]): boolean {
  return zones.every(
    ({ complete, unready, parts }) => complete && unready.length === 0 && parts.every(({ outdated }) => outdated === 0),
  );
}

function waitingForPods(zones: readonly ZoneView[]): Hold {
  const unready = zones.filter((zone) => zone.unready.length > 0);
  const pods = unready.flatMap((zone) => zone.unready).slice(0, 6);
  const message = `Waiting for zone ${unready.map(({ name }) => name).join(", ")}: ${pods.join(", ")}.`;
  return { phase: "Progressing", reason: "WaitingForPods", message, clockRuns: true };
}

function zoneInWork(zones: readonly ZoneView[], batch: readonly Candidate[]): string | undefined {
  const zone =
    batch[0]?.zone ?? zones.find(({ unready }) => unready.length > 0) ?? zones.find(({ complete }) => !complete);
  return zone?.name;
}

function stallMessage(zones: readonly ZoneView[], spec: RolloutSpec): string {
  const unready = zones.flatMap((zone) => zone.unready).slice(0, 10);
  const what = unready.length === 0 ? "pods stay outdated" : unready.join(", ");
  return `No progress for ${spec.progressDeadlineSeconds} s: ${what}. Nothing more is deleted until the template changes or the pods recover.`;
}

function describe(
  phase: Phase,
  hold: Hold | undefined,
  deletes: number,
  zones: readonly ZoneView[],
  rolledBack: boolean,
): { reason: Reason; message: string } {
  if (deletes > 0) return { reason: "ReplacingPods", message: "Outdated pods are being replaced." };
  if (hold !== undefined) return { reason: hold.reason, message: hold.message };
  const names = [...new Set(zones.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  if (phase === "Completed" && rolledBack) {
    const message = `${names.join(", ")} went back to the template before; the one it came from is not tried again until it changes.`;
    return { reason: "RolledBack", message };
  }
  return {
    reason: phase === "Completed" ? "Completed" : "UpToDate",
    message: `All pods of ${names.join(", ")} are of the wanted revision.`,
  };
}

const lastBatch = (at: string | undefined): { lastBatchAt?: string } => (at === undefined ? {} : { lastBatchAt: at });

function allNames({ statefulSets }: Observation, claimed: readonly string[]): string[] {
  return [...new Set([...claimed, ...statefulSets.map(({ metadata }) => metadata.name)])].sort();
}
