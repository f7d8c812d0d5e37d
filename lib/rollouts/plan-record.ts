import { acceptMembers } from "./approval.ts";
import type { ZoneView } from "./members.ts";
import type { Observation } from "./observation.ts";
import { startClock, tickClock, tickZones } from "./progress.ts";
import { belongsToRollback, type Rejected } from "./rollback.ts";
import type { Candidate, Hold } from "./safety-rule.ts";
import type { RolloutSpec } from "./spec.ts";
import type { CurrentRollout, RolloutState } from "./state.ts";

/** The record of a rollout that starts now: its members, their revisions, and a clock at 0. */
export function beginRollout(
  spec: RolloutSpec,
  observation: Observation,
  zoneOf: ReadonlyMap<string, string>,
  zones: readonly ZoneView[],
): CurrentRollout {
  return {
    startedAt: observation.observedAt,
    selector: JSON.stringify(spec.statefulSetSelector),
    revisions: revisionsOf(observation),
    members: membersOf(observation, zoneOf),
    zones: {},
    clock: startClock(zones, observation.observedAt),
  };
}

/** The rollout under way as of now: another wanted revision restarts its timers, another selector accepts new members. */
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
  const known = selector === rollout.selector ? accepted.members : [];
  const joined = membersOf(observation, zoneOf).filter(({ name }) => !known.some((member) => member.name === name));
  const members = [...known, ...joined];
  const revisions = { ...rollout.revisions, ...revisionsOf(observation) };
  const same = Object.entries(revisions).every(
    ([name, revision]) => (rollout.revisions[name] ?? revision) === revision,
  );
  if (same) return { ...rollout, selector, members, revisions };
  const now = observation.observedAt;
  const clock = { mark: 0, stuckSeconds: 0, tickAt: now, running: false };
  if (belongsToRollback({ ...rollout, members }, rejected, revisions)) {
    const { stalledAt: _stalledAt, ...rest } = rollout;
    return { ...rest, selector, members, revisions, zones: {}, clock };
  }
  return { startedAt: now, selector, members, revisions, zones: {}, clock };
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
  const due = clock.stuckSeconds >= spec.progressDeadlineSeconds && !hasCure(zones);
  const late = stalledAt ?? (due ? now : undefined);
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

function membersOf({ statefulSets }: Observation, zoneOf: ReadonlyMap<string, string>): CurrentRollout["members"] {
  return statefulSets.map(({ metadata, status }) => ({
    name: metadata.name,
    uid: metadata.uid ?? "",
    zone: zoneOf.get(metadata.name) ?? metadata.name,
    revision: status?.currentRevision ?? "",
  }));
}

function revisionsOf({ statefulSets }: Observation): Record<string, string> {
  return Object.fromEntries(
    statefulSets.flatMap(({ metadata, status }) =>
      status?.updateRevision === undefined ? [] : [[metadata.name, status.updateRevision]],
    ),
  );
}
