import type { StatefulSet } from "../kubernetes/objects.ts";

export interface ZoneOptions {
  azOrder: readonly string[];
  /** Node label naming the zone. */
  topologyKey: string;
  /** Zones of the nodes each StatefulSet's pods run on. */
  nodeZones: Readonly<Record<string, readonly string[]>>;
}

export interface ZoneAssignment {
  /** Zone by StatefulSet name. */
  zones: Map<string, string>;
  /** One sentence per StatefulSet that belongs to no single zone; empty when all is well. */
  conflicts: string[];
}

/**
 * The zone of each StatefulSet, by the first of: a label `zone` or name suffix listed in azOrder; the label `zone`; a
 * nodeSelector or required node affinity on the topology key; the nodes its pods run on; its own name. Zones are often
 * logical (all in one physical zone), so several StatefulSets are never merged because of where their nodes are.
 */
export function assignZones(statefulSets: readonly StatefulSet[], options: ZoneOptions): ZoneAssignment {
  const zones = new Map<string, string>();
  const pinned = new Map<string, string>();
  const unnamed: string[] = [];
  for (const statefulSet of statefulSets) {
    const { name } = statefulSet.metadata;
    const named = listedZone(statefulSet, options.azOrder) ?? zoneLabel(statefulSet);
    const pin = pinnedZone(statefulSet, options.topologyKey);
    if (named !== undefined) zones.set(name, named);
    else if (pin !== undefined) pinned.set(name, pin);
    else unnamed.push(name);
  }
  const allInOne = pinned.size > 1 && new Set(pinned.values()).size === 1;
  for (const [name, zone] of pinned) {
    zones.set(name, allInOne && !options.azOrder.includes(zone) ? name : zone);
  }
  const conflicts: string[] = [];
  const byNodes = unnamed.map((name) => ({ name, seen: options.nodeZones[name] ?? [] }));
  for (const { name, seen } of byNodes) {
    if (seen.length > 1 && statefulSets.length > 1) conflicts.push(spanConflict(name, seen));
    const zone = seen[0];
    const shared =
      zone === undefined ||
      [...zones.values()].includes(zone) ||
      byNodes.some((other) => other.name !== name && other.seen.includes(zone));
    zones.set(name, zone === undefined || shared ? name : zone);
  }
  return { zones, conflicts };
}

/** @returns the StatefulSets whose zone only their pods' nodes can tell. */
export function needsNodes(statefulSets: readonly StatefulSet[], options: Omit<ZoneOptions, "nodeZones">): string[] {
  return statefulSets
    .filter(
      (statefulSet) =>
        listedZone(statefulSet, options.azOrder) === undefined &&
        zoneLabel(statefulSet) === undefined &&
        pinnedZone(statefulSet, options.topologyKey) === undefined,
    )
    .map(({ metadata }) => metadata.name);
}

/** Orders zones: those listed in azOrder as listed, then the others alphabetically. */
export function compareZones(azOrder: readonly string[]): (a: string, b: string) => number {
  const place = (zone: string): number => (azOrder.includes(zone) ? azOrder.indexOf(zone) : azOrder.length);
  return (a, b) => place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0);
}

function zoneLabel({ metadata, spec }: StatefulSet): string | undefined {
  return metadata.labels?.["zone"] ?? spec.template.metadata?.labels?.["zone"];
}

function listedZone(statefulSet: StatefulSet, azOrder: readonly string[]): string | undefined {
  const label = zoneLabel(statefulSet);
  if (label !== undefined && azOrder.includes(label)) return label;
  const { name } = statefulSet.metadata;
  return azOrder.filter((zone) => name === zone || name.endsWith(`-${zone}`)).sort((a, b) => b.length - a.length)[0];
}

function pinnedZone({ spec }: StatefulSet, topologyKey: string): string | undefined {
  const pod = spec.template.spec;
  const selected = pod?.nodeSelector?.[topologyKey];
  if (selected !== undefined) return selected;
  const terms = pod?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const allowed = terms.map(
    (term) => term.matchExpressions?.find(({ key, operator }) => key === topologyKey && operator === "In")?.values,
  );
  const values = new Set(allowed.flatMap((each) => each ?? []));
  const [only] = values;
  return values.size === 1 && allowed.every((each) => each !== undefined) ? only : undefined;
}

function spanConflict(name: string, seen: readonly string[]): string {
  return `StatefulSet ${name} has pods in the zones ${seen.join(", ")} while several StatefulSets are selected: use one StatefulSet per zone with a label zone, or select it out of the group`;
}
