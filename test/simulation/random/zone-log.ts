import type { Pod } from "../../../lib/kubernetes/objects.ts";
import type { ClusterModel } from "../model.ts";
import { isReady, ownerName } from "../objects.ts";
import type { Facts } from "./facts.ts";

/** Which zones were begun with the templates as they are now, and when each was all new and available for the first time. */
export class ZoneLog {
  readonly #model: ClusterModel;
  readonly #facts: Facts;
  readonly #zoneOf: (pod: string) => string;
  readonly #begun = new Map<string, number | undefined>();
  /** Begun before the state was lost, which whoever was at work by then still knows, and may save again. */
  readonly #known = new Set<string>();
  #templates = "";

  constructor(model: ClusterModel, facts: Facts, zoneOf: (pod: string) => string) {
    this.#model = model;
    this.#facts = facts;
    this.#zoneOf = zoneOf;
  }

  /** Forgets everything, as a rollout whose templates change does. */
  clear(): void {
    this.#begun.clear();
    this.#known.clear();
  }

  /** The state is lost. Nobody knows any more which zones are complete, but whoever is at work which were begun. */
  lose(atWork: boolean): void {
    const begun = atWork ? [...this.#known, ...this.#begun.keys()] : [];
    this.clear();
    for (const zone of begun) this.#known.add(zone);
  }

  /** Nobody can tell which zones belong to the group: all of them may have been begun. */
  forgive(): void {
    for (const { metadata } of this.#model.all<Pod>("pods")) this.begin(this.#zoneOf(metadata.name));
  }

  /** To be told of each delete. @returns whether the templates have been what they are since `knownAt`. */
  settle(templates: string): boolean {
    if (templates === this.#templates) return true;
    this.#templates = templates;
    this.clear();
    return false;
  }

  begin(zone: string): void {
    if (!this.#begun.has(zone)) this.#begun.set(zone, undefined);
  }

  hasBegun(zone: string): boolean {
    return this.#begun.has(zone) || this.#known.has(zone);
  }

  /** When the zone that was completed last, of those begun, was complete; epoch milliseconds. */
  get lastFinishedAt(): number | undefined {
    const times = [...this.#begun.values()].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** To be told of each event. */
  note(): void {
    for (const [zone, finishedAt] of this.#begun) {
      if (finishedAt === undefined && this.#isFinished(zone)) this.#begun.set(zone, this.#model.clock.now());
    }
  }

  #isFinished(zone: string): boolean {
    for (const pod of this.#facts.unavailable.keys()) if (this.#zoneOf(pod) === zone) return false;
    return this.#model
      .all<Pod>("pods")
      .filter(({ metadata }) => this.#zoneOf(metadata.name) === zone)
      .every(
        (pod) =>
          isReady(pod) && pod.metadata.labels?.["controller-revision-hash"] === this.#facts.wanted(ownerName(pod)).now,
      );
  }
}
