import type { Deployment, Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { MultiAZRollout } from "../../../lib/rollouts/observation.ts";
import type { ClusterModel, ModelEvent } from "../model.ts";
import { isReady } from "../objects.ts";
import { isAtWork } from "./operator.ts";
import type { ReplicaTemplate } from "./scaling.ts";

/** A value that changes, with what it was before. */
class History<T> {
  readonly #values: { since: number; value: T }[] = [];

  note(since: number, value: T): void {
    if (this.#values.length > 0 && this.now === value) return;
    this.#values.push({ since, value });
  }

  get now(): T | undefined {
    return this.#values.at(-1)?.value;
  }

  /** Since when it is what it is. */
  get since(): number {
    return this.#values.at(-1)?.since ?? Number.POSITIVE_INFINITY;
  }

  /** All that it has been since then. */
  from(time: number): T[] {
    return this.#values
      .filter(({ since }, index) => since > time || this.#isLast(index, time))
      .map(({ value }) => value);
  }

  #isLast(index: number, time: number): boolean {
    const next = this.#values[index + 1];
    return next === undefined || next.since > time;
  }
}

interface ResourceSpec {
  paused?: boolean;
  adoptStrategy?: string;
  rollingUpdate: { maxUnavailable: number };
}

/** What is so in the cluster, and since when. It looks at the model, never at what a worker believes. */
export class Facts {
  readonly #model: ClusterModel;
  readonly #minReadyMs: number;
  readonly #changed: () => void;
  /** Pods that are wanted and not available, and since when. */
  readonly unavailable = new Map<string, number>();
  readonly #readySince = new Map<string, { uid: string; since: number }>();
  readonly #wanted = new Map<string, History<string>>();
  readonly #replicas = new Map<string, History<number>>();
  readonly #claims = new Map<string, History<string | undefined>>();
  readonly #maxUnavailable = new Map<string, History<number | string>>();
  readonly #paused = new Map<string, History<boolean>>();
  /** Whether a StatefulSet's own controller leaves its pods alone. */
  readonly onDelete = new Map<string, History<boolean>>();
  /** Whether a resource wants all StatefulSets to be OnDelete. */
  readonly adopts = new Map<string, History<boolean>>();
  readonly pausedSets = new Map<string, History<boolean>>();
  /** The replicas an autoscaler wants, and those it was told of. */
  readonly mirrored = new History<number>();
  readonly writtenBack = new History<number>();
  /** Whether another controller that acts on the group is at work. */
  readonly operator = new History<boolean>();

  /** @param changed called when a pod has become available without an event. */
  constructor(model: ClusterModel, minReadySeconds: number, changed: () => void) {
    this.#model = model;
    this.#changed = changed;
    this.#minReadyMs = minReadySeconds * 1_000;
    for (const statefulSet of model.all<StatefulSet>("statefulsets")) this.#noteStatefulSet(statefulSet);
    for (const pod of model.all<Pod>("pods")) this.#notePod(pod.metadata.name, pod);
    for (const resource of model.all<MultiAZRollout>("multiazrollouts")) this.#noteResource(resource);
    for (const template of model.all<ReplicaTemplate>("replicatemplates")) this.#noteTemplate(template);
    for (const operator of model.all<Deployment>("deployments")) this.#noteDeployment(operator);
    model.subscribe((event) => this.#note(event));
  }

  /** The revision a StatefulSet wants, and since when. */
  wanted(name: string): History<string> {
    return historyIn(this.#wanted, name);
  }

  /** The revisions all StatefulSets want, and since when it is these. */
  allWanted(): { revisions: (string | undefined)[]; since: number } {
    const all = [...this.#wanted.values()];
    return { revisions: all.map(({ now }) => now), since: Math.max(...all.map(({ since }) => since)) };
  }

  replicas(name: string): History<number> {
    return historyIn(this.#replicas, name);
  }

  maxUnavailable(resource: string): History<number | string> {
    return historyIn(this.#maxUnavailable, resource);
  }

  /** Whether somebody has paused the resource, or it is gone. */
  paused(resource: string): History<boolean> {
    return historyIn(this.#paused, resource);
  }

  claim(name: string): History<string | undefined> {
    return historyIn(this.#claims, name);
  }

  #note({ collection, object, type }: ModelEvent): void {
    const gone = type === "DELETED";
    if (collection === "statefulsets" && !gone) this.#noteStatefulSet(object as StatefulSet);
    if (collection === "multiazrollouts") this.#noteResource(object as MultiAZRollout, gone);
    if (collection === "replicatemplates") this.#noteTemplate(object as ReplicaTemplate);
    if (collection === "deployments") this.#noteDeployment(object as Deployment, gone);
    if (collection === "pods") this.#notePod(object.metadata.name, gone ? undefined : (object as Pod));
  }

  #noteStatefulSet({ metadata, spec, status }: StatefulSet): void {
    const { clock } = this.#model;
    const now = clock.now();
    const { name, annotations = {} } = metadata;
    this.wanted(name).note(now, status?.updateRevision ?? "");
    this.claim(name).note(now, annotations["outrigger.dev/rollout"]);
    historyIn(this.onDelete, name).note(now, spec.updateStrategy?.type === "OnDelete");
    historyIn(this.pausedSets, name).note(now, annotations["grafana.com/rollout-paused"] === "true");
    const replicas = spec.replicas ?? 1;
    const before = this.replicas(name).now;
    if (before === replicas) return;
    this.replicas(name).note(now, replicas);
    for (let ordinal = 0; ordinal < Math.max(replicas, before ?? 0); ordinal++) {
      const pod = `${name}-${ordinal}`;
      if (ordinal >= replicas) this.unavailable.delete(pod);
      else if (this.#model.find("pods", pod) === undefined && !this.unavailable.has(pod))
        this.unavailable.set(pod, now);
    }
  }

  #noteResource({ metadata: { name }, spec }: MultiAZRollout, gone = false): void {
    const now = this.#model.clock.now();
    const { paused = false, adoptStrategy, rollingUpdate } = spec as ResourceSpec;
    this.paused(name).note(now, gone || paused);
    historyIn(this.adopts, name).note(now, !gone && adoptStrategy === "OnDelete");
    this.maxUnavailable(name).note(now, rollingUpdate.maxUnavailable);
  }

  #noteTemplate({ spec, status }: ReplicaTemplate): void {
    const now = this.#model.clock.now();
    this.mirrored.note(now, spec.replicas);
    this.writtenBack.note(now, status?.replicas ?? 0);
  }

  #noteDeployment(deployment: Deployment, gone = false): void {
    this.operator.note(this.#model.clock.now(), !gone && isAtWork(deployment));
  }

  #notePod(name: string, pod: Pod | undefined): void {
    const { clock } = this.#model;
    const now = clock.now();
    const uid = pod?.metadata.uid ?? "";
    const ready = pod !== undefined && isReady(pod);
    if (!ready) {
      const wasReady = this.#readySince.delete(name);
      if (this.#isWanted(name) && (wasReady || !this.unavailable.has(name))) this.unavailable.set(name, now);
      return;
    }
    if (this.#readySince.get(name)?.uid === uid) return;
    this.#readySince.set(name, { uid, since: now });
    if (this.#minReadyMs === 0) this.unavailable.delete(name);
    else
      clock.after(this.#minReadyMs, () => {
        const still = this.#readySince.get(name);
        if (still?.uid !== uid || still.since !== now) return;
        this.unavailable.delete(name);
        this.#changed();
      });
  }

  #isWanted(pod: string): boolean {
    const [, owner = "", ordinal = ""] = /^(.*)-(\d+)$/.exec(pod) ?? [];
    return Number(ordinal) < (this.replicas(owner).now ?? 0);
  }
}

function historyIn<T>(map: Map<string, History<T>>, name: string): History<T> {
  const found = map.get(name) ?? new History<T>();
  map.set(name, found);
  return found;
}
