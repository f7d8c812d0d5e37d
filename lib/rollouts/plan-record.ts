import { acceptMembers, rolloutToken } from "./approval.ts";
import { membershipProblem, type ZoneView } from "./members.ts";
import type { Observation } from "./observation.ts";
import { isOrderedBack } from "./orders.ts";
import { startClock, tickClock, tickZones } from "./progress.ts";
import { preparedPods } from "./replica-record.ts";
import { belongsToRollback, type Rejected, revisionAtStart } from "./rollback.ts";
import type { Candidate, Hold } from "./safety-rule.ts";
import type { RolloutSpec } from "./spec.ts";
import type { CurrentRollout, LastRollout, Member, RolloutState } from "./state.ts";

/** The record of a rollout that starts now: its members, their revisions, and a clock at 0. */
export function beginRollout(
  spec: RolloutSpec,
  observation: Observation,
  zoneOf: ReadonlyMap<string, string>,
  zones: readonly ZoneView[],
): CurrentRollout {
  const startedAt = observation.observedAt;
  const revisions = revisionsOf(observation);
  return {
    startedAt,
    token: rolloutToken({ startedAt, revisions }),
    selector: JSON.stringify(spec.statefulSetSelector),
    revisions,
    members: membersOf(observation, zoneOf),
    zones: {},
    clock: startClock(zones, observation.observedAt),
  };
}

/**
 * The rollout that was completed last, taken up again because a person ordered it rolled back. Undefined when nobody did, or
 * when a StatefulSet wants another revision by now: that is a new rollout, which the order does not mean.
 */
export function reviveRollout(
  last: LastRollout | undefined,
  spec: RolloutSpec,
  observation: Observation,
): CurrentRollout | undefined {
  if (last?.token === undefined || !isOrderedBack(observation.orders ?? {}, last)) return undefined;
  const { token, members = [], revisions: completed = {} } = last;
  const revisions = revisionsOf(observation);
  if (Object.entries(revisions).some(([name, revision]) => (completed[name] ?? revision) !== revision))
    return undefined;
  const uids = new Set(observation.statefulSets.map(({ metadata }) => metadata.uid));
  return {
    startedAt: observation.observedAt,
    token,
    selector: JSON.stringify(spec.statefulSetSelector),
    revisions,
    members: members.filter(({ uid }) => uids.has(uid)),
    zones: {},
    clock: { mark: 0, stuckSeconds: 0, tickAt: observation.observedAt, running: false },
  };
}

/**
 * The rollout under way as of now: another wanted revision restarts its timers, but for those of zones that want what they
 * wanted before; another selector accepts new members. It is over when no member is left.
 */
export function continueRollout(
  rollout: CurrentRollout | undefined,
  spec: RolloutSpec,
  observation: Observation,
  zoneOf: ReadonlyMap<string, string>,
  rejected: Rejected = {},
): CurrentRollout | undefined {
  if (rollout === undefined) return undefined;
  const accepted = acceptMembers(rollout, observation);
  const selector = JSON.stringify(spec.statefulSetSelector);
  const stays = (member: Member): boolean => {
    const found = observation.statefulSets.find(({ metadata }) => metadata.name === member.name);
    return selector === rollout.selector || membershipProblem(member, found) === undefined;
  };
  const known = accepted.members.filter(stays);
  const members = [...known, ...membersOf(observation, zoneOf, known)];
  if (members.length === 0) return undefined;
  const revisions = { ...rollout.revisions, ...revisionsOf(observation) };
  const changed = Object.entries(revisions)
    .filter(([name, revision]) => (rollout.revisions[name] ?? revision) !== revision)
    .map(([name]) => zoneOf.get(name) ?? name);
  const token = rolloutToken(rollout);
  if (changed.length === 0) return { ...rollout, token, selector, members, revisions };
  const now = observation.observedAt;
  const clock = { mark: 0, stuckSeconds: 0, tickAt: now, running: false };
  if (belongsToRollback({ ...rollout, members }, rejected, revisions)) {
    const { stalledAt: _stalledAt, ...rest } = rollout;
    return { ...rest, token, selector, members, revisions, zones: {}, clock };
  }
  const startedAt = now;
  // What is on its way there, soaks or waits to be approved does so still. Zones of one StatefulSet that spans them are not assigned.
  const assigned = new Set(zoneOf.values());
  const kept = Object.entries(rollout.zones).filter(([zone]) => assigned.has(zone) && !changed.includes(zone));
  const zones = Object.fromEntries(kept);
  return { startedAt, token: rolloutToken({ startedAt, revisions }), selector, members, revisions, zones, clock };
}

/** Lets time pass: the progress clock, the zones' times, and whether the deadline has passed or a stall is over. */
export function advanceRollout(
  rollout: CurrentRollout,
  zones: readonly ZoneView[],
  spec: RolloutSpec,
  now: string,
): CurrentRollout {
  const clock = tickClock(rollout.clock, zones, now);
  const ready = zones.every(({ unready }) => unready.length === 0);
  const recovered = clock.mark > rollout.clock.mark || (rollout.stalledAt !== undefined && ready);
  const { stalledAt, ...rest } = rollout;
  const due = clock.stuckSeconds >= spec.progressDeadlineSeconds;
  const late = due ? (stalledAt ?? (hasCure(zones) ? undefined : now)) : undefined;
  return {
    ...rest,
    clock: recovered ? { ...clock, stuckSeconds: 0 } : clock,
    zones: tickZones(rollout.zones, zones, spec.zoneSoakSeconds, now),
    ...(late === undefined || recovered ? {} : { stalledAt: late }),
  };
}

/** Whether there is still something to try: an outdated pod that its replacement may cure. */
function hasCure(zones: readonly ZoneView[]): boolean {
  return zones.some(({ parts }) => parts.some(({ paused, pods }) => !paused && pods.some(({ curable }) => curable)));
}

/** What the filters decided becomes part of the record: zones that start, and whether the clock runs. */
export function rememberBatch(
  rollout: CurrentRollout,
  batch: readonly Candidate[],
  hold: Hold | undefined,
  now: string,
): CurrentRollout {
  const zones = { ...rollout.zones };
  for (const { zone } of batch) zones[zone.name] ??= { startedAt: now };
  return { ...rollout, zones, clock: { ...rollout.clock, running: hold?.clockRuns ?? true } };
}

/** The state after a plan of which no action was carried out: no delete, claim, scale-down, call to a pod or start of a zone is on record. */
export function withoutActions(nextState: RolloutState, before: RolloutState): RolloutState {
  const { lastBatchAt: _lastBatchAt, scaleDown: _scaleDown, delayed: _delayed, rollout, ...rest } = nextState;
  const { deleting, claimed, lastBatchAt, scaleDown, delayed } = before;
  return {
    ...rest,
    ...(rollout === undefined ? {} : { rollout: withoutNewZones(rollout, before.rollout) }),
    deleting,
    claimed,
    ...(lastBatchAt === undefined ? {} : { lastBatchAt }),
    ...(scaleDown === undefined ? {} : { scaleDown }),
    ...(delayed === undefined ? {} : { delayed }),
  };
}

/** The rollout without the zones that were to start. */
export function withoutNewZones(rollout: CurrentRollout, before: CurrentRollout | undefined): CurrentRollout {
  const zones = Object.entries(rollout.zones).filter(
    ([name, { startedAt, finishedAt }]) => finishedAt !== undefined || before?.zones[name]?.startedAt === startedAt,
  );
  return { ...rollout, zones: Object.fromEntries(zones) };
}

/**
 * Whether a resource held by Overlap gives back its claims. Those that were laid for pods or templates that may be under way
 * because of us stay; any other may be one of a resource that was deleted and created again, or one that could not be taken
 * off again.
 */
export const givesBack = (
  held: Hold | undefined,
  rollout: CurrentRollout | undefined,
  state: Pick<RolloutState, "deleting" | "scaleDown" | "delayed">,
  observation: Pick<Observation, "statefulSets">,
): boolean => held?.reason === "Overlap" && !isAtWork(rollout, state, observation);

function isAtWork(
  rollout: CurrentRollout | undefined,
  { deleting, scaleDown, delayed = {} }: Pick<RolloutState, "deleting" | "scaleDown" | "delayed">,
  { statefulSets }: Pick<Observation, "statefulSets">,
): boolean {
  if (deleting.length > 0 || scaleDown !== undefined) return true;
  // What is known of pods that were scaled away is kept for ever, for when they come back.
  const waits = Object.entries(delayed).some(([name, { prepared }]) => {
    const found = statefulSets.find(({ metadata }) => metadata.name === name);
    return found === undefined || preparedPods({ pods: prepared }, found).length > 0;
  });
  if (waits) return true;
  return rollout !== undefined && (rollout.rollback !== undefined || Object.keys(rollout.zones).length > 0);
}

/** What is kept of a rollout that was completed at `now`. */
export function finishRollout(rollout: CurrentRollout, now: string): LastRollout {
  const { startedAt, zones, rollback, members, revisions } = rollout;
  const rolledBack = rollback === undefined ? {} : { rolledBack: true };
  return { startedAt, finishedAt: now, zones, token: rolloutToken(rollout), members, revisions, ...rolledBack };
}

/** Zones seen on nodes, added to what was seen before under the same node label while a rollout goes on. */
export function rememberNodeZones(
  seen: RolloutState["nodeZones"],
  observation: Observation,
  topologyKey: string,
): RolloutState["nodeZones"] {
  const before = seen.topologyKey === topologyKey ? seen.zones : {};
  const zones: Record<string, string[]> = {};
  for (const { metadata } of observation.statefulSets) {
    const all = new Set([...(before[metadata.name] ?? []), ...(observation.nodeZones[metadata.name] ?? [])]);
    if (all.size > 0) zones[metadata.name] = [...all].sort();
  }
  return { topologyKey, zones };
}

/** The StatefulSets that are not among the known members yet, as they are now. */
function membersOf(
  { statefulSets, pods = [] }: Observation,
  zoneOf: ReadonlyMap<string, string>,
  known: CurrentRollout["members"] = [],
): CurrentRollout["members"] {
  const others = statefulSets.filter(({ metadata }) => !known.some(({ name }) => name === metadata.name));
  return others.map((statefulSet) => {
    const { name, uid = "" } = statefulSet.metadata;
    return { name, uid, zone: zoneOf.get(name) ?? name, revision: revisionAtStart(statefulSet, pods) };
  });
}

function revisionsOf({ statefulSets }: Observation): Record<string, string> {
  return Object.fromEntries(
    statefulSets.flatMap(({ metadata, status }) =>
      status?.updateRevision === undefined ? [] : [[metadata.name, status.updateRevision]],
    ),
  );
}
