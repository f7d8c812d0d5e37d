import type { Pod, StatefulSet } from "../kubernetes/objects.ts";
import { endOrdinal, resolveMaxUnavailable, type StatefulSetView, type ZoneView } from "./members.ts";
import { firstOrdinal, type Observation } from "./observation.ts";
import { isOwned, type PodView } from "./pods.ts";
import type { RolloutSpec } from "./spec.ts";
import type { RolloutState, ZoneTimes } from "./state.ts";
import { compareZones, needsNodes } from "./zones.ts";

/** Zone by pod name. */
export type PodZones = Readonly<Record<string, string>>;

/** Zone of a pod that has never been seen on a node and whose volume tells none. */
const UNKNOWN = "unknown";

/**
 * Zones of the pods of a StatefulSet that is selected alone and belongs to no zone by name: the zone of the node each pod
 * runs on, else of its volume, else the last one known, so that a pending pod has a zone too. Empty for any other group.
 */
export function rememberPodZones(
  { podZones = {}, volumes, nodeZones }: Pick<RolloutState, "podZones" | "volumes" | "nodeZones">,
  observation: Observation,
  spec: RolloutSpec,
): PodZones {
  const { statefulSets, pods, zoneOfNode = {} } = observation;
  const [only] = statefulSets;
  const { azTopologyKey: topologyKey } = spec.rollingUpdate;
  const options = { azOrder: spec.azOrder, topologyKey };
  const known = nodeZones.topologyKey === topologyKey ? podZones : {};
  const ofVolumes = volumes?.topologyKey === topologyKey ? volumes.zones : {};
  if (only === undefined || statefulSets.length > 1 || needsNodes(statefulSets, options).length === 0) return {};
  const zones: Record<string, string> = {};
  for (const name of podNames(only, pods ?? [])) {
    const pod = pods?.find(({ metadata }) => metadata.name === name);
    const zone = zoneOfNode[pod?.spec?.nodeName ?? ""] ?? ofVolumes[name] ?? known[name];
    if (zone !== undefined) zones[name] = zone;
  }
  return zones;
}

/** Whether the pods are in more than one zone. */
export function spansZones(zones: PodZones): boolean {
  return new Set(Object.values(zones)).size > 1;
}

/**
 * The zones of one StatefulSet whose pods span several: unready and budget are those of the pods of the zone, a percentage
 * is of these, and the highest ordinal comes first. A pod that is scaled away, seen or not, makes its zone unready until it
 * is gone. `times` tell where the StatefulSet's own counts lag behind.
 */
export function spreadZones(
  view: StatefulSetView,
  changed: readonly string[],
  input: { zones: PodZones; spec: RolloutSpec; times: Readonly<Record<string, ZoneTimes>> },
): ZoneView[] {
  const { statefulSet } = view;
  const { spec, times } = input;
  const zoneOf = (pod: string): string => input.zones[pod] ?? UNKNOWN;
  const wanted = podNames(statefulSet, []);
  const names = [...new Set([...wanted, ...view.pods.map(({ name }) => name)])];
  const zones = [...new Set(names.map(zoneOf))].sort(compareZones(spec.azOrder));
  const { replicas = 0, readyReplicas = 0 } = statefulSet.status ?? {};
  const lags = replicas !== readyReplicas && view.unready.length === 1 && view.pods.every((pod) => pod.available);
  const lagging = lastStarted(times) ?? zones[0];
  const end = endOrdinal(statefulSet);
  const { leaving = [] } = view;
  const troubleOf = ({ name, ordinal, trouble }: PodView): string | undefined =>
    trouble ?? (ordinal >= end ? "scaled away" : leaving.includes(name) ? "scaled away, not seen yet" : undefined);
  return zones.map((zone, index) => {
    const expected = names.filter((name) => zoneOf(name) === zone);
    const pods = view.pods.filter(({ name }) => zoneOf(name) === zone).toReversed();
    const missing = expected.filter((name) => !pods.some((pod) => pod.name === name));
    const { maxUnavailable } = resolveMaxUnavailable(statefulSet, spec, expected.length);
    // A pod that is scaled away and still there, as a view that lags has it, stands in for no other.
    const available = pods.filter((pod) => troubleOf(pod) === undefined).length;
    const outdated = pods.filter((pod) => pod.outdated).length;
    const unready = [
      ...pods.flatMap((pod) => (troubleOf(pod) === undefined ? [] : [`${pod.name}: ${troubleOf(pod)}`])),
      ...missing.map((name) => `${name}: missing`),
      ...(missing.length > 0 && view.failedCreate !== undefined ? [view.failedCreate] : []),
      ...(lags && zone === lagging ? view.unready : []),
    ];
    const part: StatefulSetView = {
      ...view,
      pods,
      missing,
      replicas: expected.length,
      maxUnavailable,
      budget: maxUnavailable - (expected.length - available),
      updated: pods.filter((pod) => !pod.outdated && !pod.terminating).length,
      available,
      outdated,
      unready,
    };
    const problems = index === 0 ? [...changed] : [];
    return {
      name: zone,
      parts: [part],
      changed: problems,
      unready: [...problems, ...unready],
      complete: problems.length === 0 && (outdated === 0 || view.paused),
    };
  });
}

/** Names of the pods that are wanted, and of those that are there. */
export function podNames(statefulSet: StatefulSet, pods: readonly Pod[]): string[] {
  const first = firstOrdinal(statefulSet);
  const { name } = statefulSet.metadata;
  const wanted = Array.from({ length: statefulSet.spec.replicas ?? 1 }, (_, index) => `${name}-${first + index}`);
  const owned = pods.filter((pod) => isOwned(pod, statefulSet)).map(({ metadata }) => metadata.name);
  return [...new Set([...wanted, ...owned])];
}

function lastStarted(times: Readonly<Record<string, ZoneTimes>>): string | undefined {
  return Object.entries(times).sort(([, a], [, b]) => (a.startedAt < b.startedAt ? 1 : -1))[0]?.[0];
}
