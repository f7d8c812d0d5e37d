import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { ordinalOf } from "../../../lib/rollouts/pods.ts";
import type { Answer } from "../client.ts";
import type { ClusterModel } from "../model.ts";
import { ownerName } from "../objects.ts";
import { between, type Random } from "./chance.ts";

/** How a pod takes a call. */
export type Manner = "refuses" | "hangs" | "late" | undefined;

export interface PreparedPodsOptions {
  model: ClusterModel;
  random: Random;
  manner: (method: string, pod: string) => Manner;
  log: (line: string) => void;
}

interface Prepared {
  pod: string;
  since: number;
}

/**
 * What pods answer that are asked to prepare for their end, or told to go on. A pod takes one call after the other: one
 * that its caller has given up is carried out all the same, before those that came after it.
 */
export class PreparedPods {
  /** By UID. */
  readonly prepared = new Map<string, Prepared>();
  /** When pods whose container was restarted forgot it, by UID; epoch milliseconds. */
  readonly forgotten = new Map<string, number>();
  /** How often pods were told to go on since they were prepared, by name, whether or not they heard it. */
  readonly told = new Map<string, number>();
  readonly #options: PreparedPodsOptions;
  readonly #listeners: ((uid: string, pod: string) => void)[] = [];
  readonly #busyUntil = new Map<string, number>();

  constructor(options: PreparedPodsOptions) {
    this.#options = options;
    options.model.subscribe(({ collection, object, type }) => {
      if (collection === "pods" && type === "DELETED") this.prepared.delete(object.metadata.uid ?? "");
    });
  }

  /** Pods that are prepared and stay. */
  get left(): { name: string; since: number }[] {
    const { model } = this.#options;
    return model.all<Pod>("pods").flatMap((pod) => {
      const { name, uid = "", deletionTimestamp } = pod.metadata;
      const prepared = this.prepared.get(uid);
      const replicas = model.find<StatefulSet>("statefulsets", ownerName(pod))?.spec.replicas ?? 0;
      const stays = deletionTimestamp === undefined && ordinalOf(name) < replicas;
      return prepared !== undefined && stays ? [{ name, since: prepared.since }] : [];
    });
  }

  /** Tells of the next pod that is prepared. */
  onceTouched(listener: (uid: string, pod: string) => void): void {
    this.#listeners.push(listener);
  }

  /** A container is restarted, and knows nothing of what it was asked. @returns whether it was prepared. */
  forget(uid: string): boolean {
    if (!this.prepared.delete(uid)) return false;
    this.forgotten.set(uid, this.#options.model.clock.now());
    return true;
  }

  /** To be told of each call before anything befalls it. */
  calling(method: string, path: string): void {
    const name = podOf(path);
    if (method === "DELETE" && name !== undefined) this.told.set(name, (this.told.get(name) ?? 0) + 1);
  }

  /** @returns undefined for a path that is no pod's. */
  answer(method: string, path: string): Answer | undefined {
    const name = podOf(path);
    if (name === undefined) return undefined;
    const { model, random, manner, log } = this.#options;
    const pod = model.find<Pod>("pods", name);
    if (pod === undefined) return { status: 404, body: '{"kind":"Status","message":"pod not found"}' };
    if (pod.status?.phase !== "Running") return { status: 503, body: '{"kind":"Status","message":"no endpoints"}' };
    if (method === "POST" && !this.prepared.has(pod.metadata.uid ?? "")) this.told.delete(name);
    const how = manner(method, name);
    log(`${method} ${name}${how === undefined ? "" : ` ${how}`}`);
    if (how === "refuses") return { status: 500, body: "not now" };
    const tookMs = how === "hangs" ? between(random, 5_500, 20_000) : how === "late" ? between(random, 300, 4_500) : 0;
    const { uid = "" } = pod.metadata;
    const now = model.clock.now();
    const doneAt = Math.max(now + tookMs, this.#busyUntil.get(uid) ?? 0);
    this.#busyUntil.set(uid, doneAt);
    if (doneAt === now) this.#carryOut(method, name, uid);
    else model.clock.after(doneAt - now, () => this.#carryOut(method, name, uid));
    return { status: 204, body: "", tookMs: doneAt - now };
  }

  #carryOut(method: string, name: string, uid: string): void {
    const { model } = this.#options;
    if (model.find<Pod>("pods", name)?.metadata.uid !== uid) return;
    if (method !== "POST") {
      this.prepared.delete(uid);
      return;
    }
    this.prepared.set(uid, { pod: name, since: this.prepared.get(uid)?.since ?? model.clock.now() });
    this.forgotten.delete(uid);
    for (const tell of this.#listeners.splice(0)) tell(uid, name);
  }
}

const podOf = (path: string): string | undefined =>
  /\/pods\/([^/:]+):80\/proxy\/ingester\/prepare-shutdown$/.exec(path)?.[1];
