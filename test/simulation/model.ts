import type { Deployment, KubernetesObject, Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { MultiAZRollout } from "../../lib/rollouts/observation.ts";
import { isOwned, ordinalOf } from "../../lib/rollouts/pods.ts";
import { seededRandom, type VirtualClock } from "./clock.ts";
import type { Behaviour, Collection, ModelEvent, ModelOptions } from "./model-options.ts";
import { newPod, newStatefulSet, ownerName, statusOf, templateOf, withReady } from "./objects.ts";
import { bindVolume } from "./volumes.ts";

export type { Behaviour, Collection, ModelEvent, ModelOptions };

export const NAMESPACE = "mimir";

/**
 * A small cluster in memory: StatefulSets of OnDelete and Parallel with their controller, pods with their life cycle,
 * and the resource. It knows nothing of Outrigger.
 */
export class ClusterModel {
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly #options: Required<Pick<ModelOptions, "readyMs" | "graceMs" | "controllerMs">>;
  readonly #objects: Record<Collection, Map<string, KubernetesObject>> = {
    statefulsets: new Map(),
    pods: new Map(),
    multiazrollouts: new Map(),
    deployments: new Map(),
    nodes: new Map(),
    controllerrevisions: new Map(),
    persistentvolumeclaims: new Map(),
    persistentvolumes: new Map(),
    replicatemplates: new Map(),
    events: new Map(),
  };
  readonly #listeners = new Set<(event: ModelEvent) => void>();
  /** The revision each StatefulSet's template stands for. */
  readonly #templates = new Map<string, string>();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #syncing = new Set<string>();
  readonly #log: { version: number; event: ModelEvent }[] = [];
  #version = 100;
  #uids = 0;
  readonly #spread: readonly string[];
  readonly #volumes: boolean;
  /** Pods that find no node, as when those of their zone are lost. */
  readonly stranded = new Set<string>();
  /** Pods the quota allows; undefined = no quota. */
  quota: number | undefined;
  /** Told of each pod that a quota keeps from being created, and of each that was Ready and is not any more by itself. */
  befell: (what: "refused" | "flapped", pod: string) => void = () => {};
  /** Pods that do not become Ready, by name, for as long as they are in here. */
  readonly stuck = new Set<string>();

  constructor({
    clock,
    seed = 1,
    readyMs = [2_000, 2_500],
    graceMs = [50, 200],
    controllerMs = [5, 60],
    spread = [],
    volumes = false,
  }: ModelOptions) {
    this.clock = clock;
    this.random = seededRandom(seed);
    this.#spread = spread;
    this.#volumes = volumes;
    for (const zone of new Set(spread)) {
      this.put("nodes", { metadata: { name: `node-${zone}`, labels: { "topology.kubernetes.io/zone": zone } } });
    }
    this.#options = { readyMs, graceMs, controllerMs };
  }

  get version(): string {
    return String(this.#version);
  }

  /** All objects of a collection. */
  all<T extends KubernetesObject>(collection: Collection): T[] {
    return [...this.#objects[collection].values()] as T[];
  }

  find<T extends KubernetesObject>(collection: Collection, name: string): T | undefined {
    return this.#objects[collection].get(name) as T | undefined;
  }

  subscribe(listener: (event: ModelEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Writes an object with a new resourceVersion, and a UID when it is new. */
  put<T extends KubernetesObject>(collection: Collection, object: T): T {
    const known = this.#objects[collection].has(object.metadata.name);
    const uid = object.metadata.uid ?? `uid-${++this.#uids}`;
    const metadata = { ...object.metadata, namespace: NAMESPACE, uid, resourceVersion: String(++this.#version) };
    const stored = { ...object, metadata };
    this.#objects[collection].set(metadata.name, stored);
    this.#emit({ type: known ? "MODIFIED" : "ADDED", collection, object: stored });
    return stored;
  }

  remove(collection: Collection, name: string): void {
    const object = this.#objects[collection].get(name);
    if (object === undefined) return;
    this.#objects[collection].delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    this.#emit({ type: "DELETED", collection, object: { ...object, metadata } });
  }

  addStatefulSet(name: string, replicas: number, labels: Record<string, string>, revision = "old"): void {
    this.#recordRevision(revision);
    const statefulSet = newStatefulSet({ name, replicas, labels, revision, volumes: this.#volumes });
    this.put("statefulsets", statefulSet);
    for (let ordinal = 0; ordinal < replicas; ordinal++) this.#createPod(name, ordinal, revision, true);
    this.#writeStatus(name);
  }

  addResource(name: string, spec: Record<string, unknown>): void {
    this.put<MultiAZRollout>("multiazrollouts", { metadata: { name, generation: 1 }, spec });
  }

  changeResource(name: string, spec: Record<string, unknown>): void {
    const resource = this.find<MultiAZRollout>("multiazrollouts", name);
    if (resource === undefined) return;
    const metadata = { ...resource.metadata, generation: (resource.metadata.generation ?? 0) + 1 };
    this.put("multiazrollouts", { ...resource, metadata, spec });
  }

  /** Changes the template of a StatefulSet: its controller will want `revision` a moment later. */
  changeTemplate(name: string, revision: string, behaviour: Behaviour = "ready"): void {
    this.#recordRevision(revision);
    this.#behaviours.set(revision, behaviour);
    this.#templates.set(name, revision);
    const statefulSet = this.find<StatefulSet>("statefulsets", name);
    if (statefulSet === undefined) return;
    const generation = (statefulSet.metadata.generation ?? 0) + 1;
    const spec = { ...statefulSet.spec, template: templateOf(revision) };
    this.put("statefulsets", { ...statefulSet, spec, metadata: { ...statefulSet.metadata, generation } });
    this.#sync(name);
  }

  /** What its template stands for by now, also while it is gone; undefined = the template it began with. */
  revisionOf = (name: string): string | undefined => this.#templates.get(name);

  /** A write to a StatefulSet that is not its status: its controller looks at it when the spec is another one. */
  changeStatefulSet(before: StatefulSet, after: StatefulSet): StatefulSet {
    if (JSON.stringify(before.spec) === JSON.stringify(after.spec)) return this.put("statefulsets", after);
    const generation = (before.metadata.generation ?? 0) + 1;
    const revision = after.spec.template.metadata?.annotations?.["revision"];
    if (revision !== undefined) this.#templates.set(after.metadata.name, revision);
    const stored = this.put("statefulsets", { ...after, metadata: { ...after.metadata, generation } });
    this.#sync(after.metadata.name);
    return stored;
  }

  #recordRevision(name: string): void {
    const data = { spec: { template: { $patch: "replace", ...templateOf(name) } } };
    this.#objects.controllerrevisions.set(name, { metadata: { name }, data } as KubernetesObject);
  }

  /** A DELETE of a pod: it terminates for its grace period and is gone. */
  deletePod(name: string): void {
    const pod = this.find<Pod>("pods", name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    const metadata = { ...pod.metadata, deletionTimestamp: this.clock.iso() };
    this.put("pods", { ...withReady(pod, false, this.clock.iso()), metadata });
    this.#sync(ownerName(pod));
    this.clock.after(this.#draw(this.#options.graceMs), () => {
      this.remove("pods", name);
      this.#sync(ownerName(pod));
    });
  }

  addDeployment(deployment: Deployment): void {
    this.put("deployments", deployment);
  }

  /** Runs the StatefulSet controller for one StatefulSet a moment later. */
  #sync(name: string): void {
    if (this.#syncing.has(name)) return;
    this.#syncing.add(name);
    this.#later(() => {
      this.#syncing.delete(name);
      const statefulSet = this.#observe(name);
      if (statefulSet === undefined) return;
      const wanted = statefulSet.spec.replicas ?? 1;
      for (let ordinal = 0; ordinal < wanted; ordinal++) {
        const allowed = this.quota === undefined || this.#objects.pods.size < this.quota;
        const revision = statefulSet.status?.updateRevision ?? "";
        const pod = `${name}-${ordinal}`;
        if (this.#objects.pods.has(pod)) continue;
        if (allowed) this.#createPod(name, ordinal, revision, false);
        else this.befell("refused", pod);
      }
      for (const pod of this.all<Pod>("pods")) {
        if (isOwned(pod, statefulSet) && ordinalOf(pod.metadata.name) >= wanted) this.deletePod(pod.metadata.name);
      }
      this.#writeStatus(name);
    });
  }

  /** The controller takes notice of the template. */
  #observe(name: string): StatefulSet | undefined {
    const statefulSet = this.find<StatefulSet>("statefulsets", name);
    if (statefulSet === undefined) return undefined;
    const { generation = 0 } = statefulSet.metadata;
    const updateRevision = this.#templates.get(name) ?? statefulSet.status?.updateRevision ?? "";
    const known = statefulSet.status?.observedGeneration === generation;
    if (known && statefulSet.status?.updateRevision === updateRevision) return statefulSet;
    const status = { ...statefulSet.status, observedGeneration: generation, updateRevision };
    return this.put<StatefulSet>("statefulsets", { ...statefulSet, status });
  }

  /** What the StatefulSet controller does on its own from time to time. */
  resync(names: Iterable<string> = this.#objects.statefulsets.keys()): void {
    for (const name of names) this.#sync(name);
  }

  #createPod(owner: string, ordinal: number, revision: string, ready: boolean): void {
    const statefulSet = this.find<StatefulSet>("statefulsets", owner);
    const volumes = this.#volumes ? [bindVolume(this, owner, ordinal, this.#spread)] : [];
    const spec = {
      ...(ready || this.#spread.length === 0 ? { nodeName: this.#nodeOf(owner, ordinal) } : {}),
      ...(volumes.length === 0 ? {} : { volumes }),
    };
    const uid = statefulSet?.metadata.uid ?? "";
    const created = this.put("pods", newPod({ owner, uid, ordinal, revision, ready, spec, now: this.clock.now() }));
    if (!ready) this.clock.after(this.#draw(this.#options.readyMs), () => this.#start(created));
  }

  #start(created: Pod): void {
    const { name, uid } = created.metadata;
    const pod = this.find<Pod>("pods", name);
    if (pod === undefined || pod.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
    if (this.stranded.has(name)) {
      this.clock.after(1_000, () => this.#start(created));
      return;
    }
    const behaviour = this.stuck.has(name) ? "never" : this.behaviourOf(pod);
    const spec = { ...pod.spec, nodeName: this.#nodeOf(ownerName(pod), ordinalOf(name)) };
    const running: Pod = { ...pod, spec, status: { ...pod.status, phase: "Running" } };
    if (behaviour === "ready" || behaviour === "flap") this.put("pods", withReady(running, true, this.clock.iso()));
    else if (behaviour === "never") this.put("pods", running);
    else {
      const state = { waiting: { reason: "CrashLoopBackOff" } };
      const containerStatuses = [{ name: "main", ready: false, restartCount: 5, state }];
      this.put("pods", { ...running, status: { ...running.status, containerStatuses } });
    }
    if (behaviour === "flap") this.#flap(running);
    this.#sync(ownerName(pod));
  }

  /** Ready for a moment, not Ready for another, and Ready from then on. */
  #flap({ metadata: { name, uid } }: Pod): void {
    const turn = (ready: boolean) => () => {
      const pod = this.find<Pod>("pods", name);
      if (pod?.metadata.uid !== uid || pod?.metadata.deletionTimestamp !== undefined) return;
      if (!ready) this.befell("flapped", name);
      this.put("pods", withReady(pod as Pod, ready, this.clock.iso()));
      this.#sync(ownerName(pod as Pod));
    };
    const firstMs = this.#draw([300, 1_500]);
    this.clock.after(firstMs, turn(false));
    this.clock.after(firstMs + this.#draw([500, 4_000]), turn(true));
  }

  #nodeOf(owner: string, ordinal: number): string {
    return `node-${this.#spread[ordinal % this.#spread.length] ?? owner}`;
  }

  behaviourOf(pod: Pod): Behaviour {
    return this.#behaviours.get(pod.metadata.labels?.["controller-revision-hash"] ?? "") ?? "ready";
  }

  #writeStatus(name: string): void {
    const statefulSet = this.find<StatefulSet>("statefulsets", name);
    if (statefulSet === undefined) return;
    const status = statusOf(statefulSet, this.all<Pod>("pods"));
    if (JSON.stringify(status) !== JSON.stringify(statefulSet.status))
      this.put("statefulsets", { ...statefulSet, status });
  }

  #later(act: () => void): void {
    this.clock.after(this.#draw(this.#options.controllerMs), act);
  }

  #draw([least, most]: [number, number]): number {
    return least + this.random() * (most - least);
  }

  /** What a watch from `version` on has to tell first. */
  eventsSince(collection: Collection, version: string): ModelEvent[] {
    return this.#log
      .filter(({ version: at, event }) => at > Number(version) && event.collection === collection)
      .map(({ event }) => event);
  }

  #emit(event: ModelEvent): void {
    this.#log.push({ version: this.#version, event });
    for (const listener of this.#listeners) listener(event);
  }
}
