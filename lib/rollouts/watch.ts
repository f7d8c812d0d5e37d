import type { KubernetesClient, ListResult, ResourceType, WatchOptions } from "../kubernetes/client.ts";
import { type ApiError, isApiError } from "../kubernetes/errors.ts";
import type { KubernetesObject, Pod, StatefulSet } from "../kubernetes/objects.ts";
import { formatSelector } from "../kubernetes/selectors.ts";
import { MULTI_AZ_ROLLOUTS, PODS, STATEFUL_SETS } from "../kubernetes/types.ts";
import type { FailedCreates } from "./failed-creates.ts";
import type { MultiAZRollout, Observation } from "./observation.ts";
import { podSelector } from "./selection.ts";
import { type RolloutSpec, selectorOf } from "./spec.ts";
import { plusMs } from "./time.ts";

/** A process that comes this much later than it meant to was held up, milliseconds. */
const HELD_UP_MS = 1_000;

/** How often is asked what no watch tells, milliseconds. */
const ASK_MS = 5_000;

/** The lists a view starts from. */
export interface Seed {
  resource: ListResult<MultiAZRollout>;
  statefulSets: ListResult<StatefulSet>;
  pods: ListResult<Pod>;
  nodeZones: Record<string, string[]>;
  zoneOfNode: Record<string, string>;
  /** When the list of pods was asked for, and when it had come, by the session's clock: other looks may take long after it. */
  podsAskedMs: number;
  podsReadMs: number;
  failedCreates: FailedCreates | undefined;
  foreignController: string | undefined;
  controllersSoughtAt: string | undefined;
}

/** The session's clock and pause. */
export interface Time {
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * What one cluster looks like, kept current by watches on the resource, its StatefulSets and their pods. A watch that
 * ends in any way makes the view `broken`: nothing may be decided on it any more, and a new one is opened from fresh lists.
 */
export class ClusterView {
  readonly #seed: Seed;
  readonly #time: Time;
  readonly #stop = new AbortController();
  readonly #resources: Map<string, MultiAZRollout>;
  readonly #statefulSets: Map<string, StatefulSet>;
  readonly #pods: Map<string, Pod>;
  #watches: Promise<void>[] = [];
  #changed = false;
  #broken = false;
  #refused: ApiError | undefined;
  #controllers: { found: string | undefined; soughtAt: string | undefined };
  #fresh = true;
  #lastEventAt: number;
  #expectedAt: number;
  #wake: () => void = () => {};

  constructor(seed: Seed, time: Time) {
    this.#seed = seed;
    this.#controllers = { found: seed.foreignController, soughtAt: seed.controllersSoughtAt };
    this.#time = time;
    this.#lastEventAt = time.now();
    this.#expectedAt = this.#lastEventAt;
    this.#resources = byName(seed.resource.items);
    this.#statefulSets = byName(seed.statefulSets.items);
    this.#pods = byName(seed.pods.items);
  }

  /** Starts the three watches. */
  watch(client: KubernetesClient, target: { namespace: string; name: string }, spec: RolloutSpec): void {
    const { namespace, name } = target;
    const { resource, statefulSets, pods } = this.#seed;
    const labelSelector = podSelector(statefulSets.items);
    const follow = <T extends KubernetesObject>(
      type: ResourceType,
      objects: Map<string, T>,
      list: ListResult<T>,
      options: Partial<WatchOptions>,
      matters: (before: T | undefined, after: T) => boolean,
    ): void => {
      const from = { ...options, namespace, resourceVersion: list.resourceVersion, signal: this.#stop.signal };
      this.#watches.push(this.#follow(client, type, objects, from, matters));
    };
    follow(PODS, this.#pods, pods, labelSelector === undefined ? {} : { labelSelector }, () => true);
    const selector = formatSelector(selectorOf(spec));
    follow(STATEFUL_SETS, this.#statefulSets, statefulSets, { labelSelector: selector }, () => {
      // Pods of a StatefulSet that has joined the group since are in no list and no watch.
      if (labelSelector !== undefined && podSelector([...this.#statefulSets.values()]) !== labelSelector)
        this.#broken = true;
      return true;
    });
    const ownSpec = (before: MultiAZRollout | undefined, after: MultiAZRollout): boolean =>
      before?.metadata.generation !== after.metadata.generation || before?.metadata.uid !== after.metadata.uid;
    follow(MULTI_AZ_ROLLOUTS, this.#resources, resource, { fieldSelector: `metadata.name=${name}` }, ownSpec);
  }

  /** Asks every few seconds whether something outside the cluster has changed, and wakes whoever waits when it has. */
  ask(hasChanged: () => Promise<boolean>): void {
    this.#watches.push(this.#ask(hasChanged));
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Why the API server refuses to let us watch; waiting will not change it. */
  get refused(): ApiError | undefined {
    return this.#refused;
  }

  /** Epoch milliseconds of the last event that could matter. */
  get lastEventAt(): number {
    return this.#lastEventAt;
  }

  /**
   * The API server's clock at `ms` of the session's, ISO-8601 UTC: its time or later, up to what the list of pods took, where
   * `observedAt` is its time or earlier. What is saved as done at this time has been done by then, also for the next worker.
   */
  timeBy(ms: number): string {
    return plusMs(this.#seed.pods.observedAt, ms - this.#seed.podsAskedMs);
  }

  /** What the cluster looks like now; undefined when the resource is gone. */
  observe(): Observation | undefined {
    this.#changed = false;
    const [resource] = this.#resources.values();
    if (resource === undefined) return undefined;
    return {
      observedAt: plusMs(this.#seed.pods.observedAt, this.#time.now() - this.#seed.podsReadMs),
      resource,
      statefulSetsReadAt: this.#seed.statefulSets.observedAt,
      statefulSets: [...this.#statefulSets.values()],
      pods: [...this.#pods.values()],
      nodeZones: this.#seed.nodeZones,
      zoneOfNode: this.#seed.zoneOfNode,
      failedCreates: this.#seed.failedCreates,
      foreignController: this.#controllers.found,
      controllersSoughtAt: this.#controllers.soughtAt,
      fresh: this.#fresh,
    };
  }

  /**
   * Whether this process stood still for a while since the last call, besides the waiting it meant to do. Its streams are
   * then read in any order: a pod may be seen before the template it was made from.
   */
  heldUp(): boolean {
    const now = this.#time.now();
    const late = now - this.#expectedAt > HELD_UP_MS;
    this.#expectedAt = now;
    return late;
  }

  /** From here on a pod that looks alive may have been deleted by us. */
  deletesBegin(): void {
    this.#fresh = false;
  }

  /** Takes over what a new look for other controllers has found. */
  acceptControllers(found: string | undefined, soughtAt: string): void {
    this.#controllers = { found, soughtAt };
  }

  /** Takes over an object as the server returned it to a write of ours, unless a watch has told of a later one. */
  accept(statefulSet: StatefulSet): void {
    const { name } = statefulSet.metadata;
    const known = this.#statefulSets.get(name);
    if (known !== undefined && !isOlder(statefulSet, known)) this.#statefulSets.set(name, statefulSet);
  }

  /** Waits for the next change, at most `ms`. Returns at once when something has changed since `observe`. */
  async wait(ms: number): Promise<void> {
    if (this.#changed || this.#broken || ms <= 0) return;
    this.#expectedAt = this.#time.now() + ms;
    const timer = new AbortController();
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#wake = resolve;
      }),
      this.#time.sleep(ms, timer.signal),
    ]);
    timer.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#watches);
  }

  async #ask(hasChanged: () => Promise<boolean>): Promise<void> {
    for (;;) {
      await this.#time.sleep(ASK_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      // Who cannot be asked now is asked again, and before each batch in any case.
      if (!(await hasChanged().catch(() => false))) continue;
      this.#changed = true;
      this.#wake();
    }
  }

  async #follow<T extends KubernetesObject>(
    client: KubernetesClient,
    type: ResourceType,
    objects: Map<string, T>,
    options: WatchOptions,
    matters: (before: T | undefined, after: T) => boolean,
  ): Promise<void> {
    try {
      for await (const event of client.watch<T>(type, options)) {
        if (event.type === "BOOKMARK") continue;
        const { name, uid } = event.object.metadata;
        const before = objects.get(name);
        // A scale-down that was answered, and counts as seen, would look as if it had never been.
        if (event.type !== "DELETED" && isOlder(event.object, before)) continue;
        if (event.type !== "DELETED") objects.set(name, event.object);
        else if (before?.metadata.uid === uid) objects.delete(name);
        if (event.type !== "DELETED" && !matters(before, event.object)) continue;
        this.#lastEventAt = this.#time.now();
        this.#changed = true;
        this.#wake();
      }
    } catch (error) {
      // Whatever else broke the watch, the answer is a fresh list, which fails loudly if it must.
      if (!this.#stop.signal.aborted && (isApiError(error, 401) || isApiError(error, 403))) this.#refused = error;
    }
    this.#broken = true;
    this.#wake();
  }
}

/**
 * Whether this is an object as it was before `known`: a watch that lags tells of it after a write has been answered. Versions
 * of one type are numbers that grow (KEP-5504).
 */
const isOlder = (object: KubernetesObject, known: KubernetesObject | undefined): boolean =>
  Number(object.metadata.resourceVersion) < Number(known?.metadata.resourceVersion);

function byName<T extends KubernetesObject>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.metadata.name, item]));
}
