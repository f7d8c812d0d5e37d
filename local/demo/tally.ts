/** What a pod looks like in one watch event, as far as the tally is concerned. */
export interface PodSeen {
  uid: string;
  group: string;
  zone: string;
  /** Ready and not being deleted. */
  available: boolean;
}

/** Figures of one group. */
export interface GroupTally {
  /** Pods that were there at the start and are gone. */
  replaced: number;
  /** The most pods of one zone that were unavailable at any event. */
  peakUnavailable: number;
  /** Events after which pods of two or more zones were unavailable. */
  doubleZoneEvents: number;
}

/** Counts from every event of a watch; knows nothing of who deletes or why. */
export class Tally {
  /** Pods each zone of a group is to have. */
  readonly #wanted: ReadonlyMap<string, number>;
  readonly #atStart: ReadonlySet<string>;
  readonly #figures: ReadonlyMap<string, GroupTally>;
  /** group → zone → uid → pod. A zone stays known when it has lost all its pods. */
  readonly #pods = new Map<string, Map<string, Map<string, PodSeen>>>();

  constructor(wanted: ReadonlyMap<string, number>, present: readonly PodSeen[]) {
    this.#wanted = wanted;
    this.#atStart = new Set(present.map(({ uid }) => uid));
    this.#figures = new Map([...wanted.keys()].map((group) => [group, { ...NOTHING }]));
    for (const pod of present) this.#zone(pod).set(pod.uid, pod);
  }

  /** One event of the watch, in the order they came. */
  see(type: string, pod: PodSeen): void {
    const figures = this.#figures.get(pod.group);
    if (figures === undefined) return;
    const zone = this.#zone(pod);
    if (type !== "DELETED") zone.set(pod.uid, pod);
    else if (zone.delete(pod.uid) && this.#atStart.has(pod.uid)) figures.replaced += 1;
    const unavailable = this.#unavailable(pod.group);
    figures.peakUnavailable = Math.max(figures.peakUnavailable, ...unavailable);
    if (unavailable.filter((count) => count > 0).length > 1) figures.doubleZoneEvents += 1;
  }

  of(group: string): Readonly<GroupTally> {
    return this.#figures.get(group) ?? NOTHING;
  }

  /** Pods that each zone of the group lacks. */
  #unavailable(group: string): number[] {
    const wanted = this.#wanted.get(group) ?? 0;
    const zones = this.#pods.get(group)?.values() ?? [];
    return [...zones].map((pods) =>
      Math.max(0, wanted - [...pods.values()].filter(({ available }) => available).length),
    );
  }

  #zone({ group, zone }: PodSeen): Map<string, PodSeen> {
    const zones = this.#pods.get(group) ?? new Map<string, Map<string, PodSeen>>();
    this.#pods.set(group, zones);
    const pods = zones.get(zone) ?? new Map<string, PodSeen>();
    zones.set(zone, pods);
    return pods;
  }
}

const NOTHING: Readonly<GroupTally> = { replaced: 0, peakUnavailable: 0, doubleZoneEvents: 0 };
