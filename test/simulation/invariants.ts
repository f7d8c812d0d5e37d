import type { Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { ClusterModel } from "./model.ts";
import { isReady } from "./objects.ts";

export interface Limits {
  maxUnavailable: number;
  /** A worker may act on what was true up to this long ago, milliseconds. */
  lagMs: number;
  zoneOf: (statefulSet: string) => string;
  /** Zone of a pod, where one StatefulSet spans zones; then the budget is that of a zone. */
  zoneOfPod?: ((pod: string) => string) | undefined;
}

interface Disruption {
  statefulSet: string;
  /** UID of the pod deleted. */
  uid: string;
}

/**
 * Watches a model and asserts what must hold after every event: at no time are pods of two zones unavailable because of
 * us, whether deleted or scaled away, nor more than maxUnavailable of one StatefulSet; a pod of the wanted revision is never deleted; no delete repeats.
 */
export class Invariants {
  readonly violations: string[] = [];
  readonly #model: ClusterModel;
  readonly #limits: Limits;
  readonly #disrupted = new Map<string, Disruption>();
  /** Zone by pod that goes because its StatefulSet was scaled down. */
  readonly #leaving = new Map<string, string>();
  readonly #deleted = new Set<string>();
  readonly #wanted = new Map<string, { revision: string; since: number }>();
  peakUnavailable = 0;
  deletes = 0;
  scales = 0;
  /** Told of each pod whose StatefulSet was scaled down. */
  onScale: (pod: Pod) => void = () => {};

  constructor(model: ClusterModel, limits: Limits) {
    this.#model = model;
    this.#limits = limits;
    for (const statefulSet of model.all<StatefulSet>("statefulsets")) this.#noteRevision(statefulSet);
    model.subscribe(({ collection, object, type }) => {
      if (collection === "statefulsets" && type !== "DELETED") this.#noteRevision(object as StatefulSet);
      if (collection !== "pods") return;
      const pod = object as Pod;
      if (type === "DELETED") this.#leaving.delete(pod.metadata.name);
      const disruption = this.#disrupted.get(pod.metadata.name);
      if (disruption !== undefined && pod.metadata.uid !== disruption.uid && isReady(pod)) {
        this.#disrupted.delete(pod.metadata.name);
      }
      this.#check();
    });
  }

  /** To be told of each delete of ours, just before it happens. */
  deleting(pod: Pod): void {
    const { name, uid = "", labels, deletionTimestamp, ownerReferences } = pod.metadata;
    const statefulSet = ownerReferences?.[0]?.name ?? "";
    this.deletes++;
    const wanted = this.#wanted.get(statefulSet);
    const settled = wanted !== undefined && this.#model.clock.now() - wanted.since > this.#limits.lagMs;
    if (settled && labels?.["controller-revision-hash"] === wanted.revision)
      this.#violate(`${name} of the wanted revision was deleted`);
    if (this.#deleted.has(uid) || deletionTimestamp !== undefined) this.#violate(`${name} was deleted twice`);
    this.#deleted.add(uid);
    if (isReady(pod)) this.#disrupted.set(name, { statefulSet: this.#limits.zoneOfPod?.(name) ?? statefulSet, uid });
    this.#check();
  }

  /** To be told of each StatefulSet of ours that has other replicas now. */
  scaling(statefulSet: string, { from, to }: { from: number; to: number }): void {
    this.scales++;
    for (let ordinal = to; ordinal < from; ordinal++) {
      const name = `${statefulSet}-${ordinal}`;
      const pod = this.#model.find<Pod>("pods", name);
      if (pod === undefined) continue;
      this.onScale(pod);
      this.#disrupted.delete(name);
      this.#leaving.set(name, this.#limits.zoneOfPod?.(name) ?? this.#limits.zoneOf(statefulSet));
    }
    this.#check();
  }

  #check(): void {
    const bySet = new Map<string, number>();
    for (const { statefulSet } of this.#disrupted.values()) bySet.set(statefulSet, (bySet.get(statefulSet) ?? 0) + 1);
    const zones = new Set([
      ...[...bySet.keys()].map((name) => (this.#limits.zoneOfPod === undefined ? this.#limits.zoneOf(name) : name)),
      ...this.#leaving.values(),
    ]);
    if (zones.size > 1) this.#violate(`zones ${[...zones].join(" and ")} are disrupted at once`);
    for (const [name, count] of bySet) {
      this.peakUnavailable = Math.max(this.peakUnavailable, count);
      if (count > this.#limits.maxUnavailable) this.#violate(`${count} pods of ${name} are unavailable because of us`);
    }
  }

  #noteRevision({ metadata, status }: StatefulSet): void {
    const revision = status?.updateRevision ?? "";
    if (this.#wanted.get(metadata.name)?.revision === revision) return;
    this.#wanted.set(metadata.name, { revision, since: this.#model.clock.now() });
  }

  #violate(what: string): void {
    this.violations.push(`${this.#model.clock.iso()} ${what}`);
  }
}
