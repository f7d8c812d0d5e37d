import { expect, vi } from "vitest";
import type { KubernetesObject, Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { MULTI_AZ_ROLLOUTS, PODS, STATEFUL_SETS } from "../../../lib/kubernetes/types.ts";
import type { MultiAZRollout } from "../../../lib/rollouts/observation.ts";
import type { RolloutStatus } from "../../../lib/rollouts/status.ts";
import { isReady } from "../../bench/zone-watcher.ts";
import { type Hub, type HubOptions, startHub } from "./hub.ts";
import type { Stage } from "./stage.ts";
import { observe, type Witness, type WitnessOptions } from "./witness.ts";

const NAMESPACES = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };
/** As long as a busy machine may take for anything, milliseconds. */
const PATIENCE = { timeout: 90_000, interval: 25 };
const merge = { type: "merge" } as const;

/** One group in a namespace of its own: what people do to it, and what is seen of it. */
export class Play {
  readonly stage: Stage;
  readonly namespace: string;
  readonly #closing: (() => Promise<void>)[] = [];

  constructor(stage: Stage, namespace: string) {
    this.stage = stage;
    this.namespace = namespace;
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
  }

  /** Creates the namespace and the StatefulSets. */
  async install(sets: readonly StatefulSet[]): Promise<void> {
    const { admin } = this.stage;
    await admin.create(NAMESPACES, { metadata: { name: this.namespace } });
    await until(() =>
      admin.get({ ...PODS, kind: "ServiceAccount", plural: "serviceaccounts" }, this.#named("default")),
    );
    for (const set of sets) await this.createSet(set);
    await this.untilObserved();
  }

  async createSet(set: StatefulSet): Promise<void> {
    await this.stage.admin.create(STATEFUL_SETS, set);
  }

  async createResource(name: string, spec: Record<string, unknown>): Promise<void> {
    const metadata = { name, namespace: this.namespace };
    await this.stage.admin.create<MultiAZRollout>(MULTI_AZ_ROLLOUTS, { metadata, spec });
  }

  patchResource(name: string, patch: object): Promise<unknown> {
    return this.stage.admin.patch(MULTI_AZ_ROLLOUTS, this.#named(name), patch, merge);
  }

  patchSet(name: string, patch: object): Promise<unknown> {
    return this.stage.admin.patch(STATEFUL_SETS, this.#named(name), patch, merge);
  }

  /** Annotates the live pods; null takes an annotation away. */
  async annotatePods(names: readonly string[], annotations: Record<string, string | null>): Promise<void> {
    const { admin } = this.stage;
    await Promise.all(names.map((name) => admin.patch(PODS, this.#named(name), { metadata: { annotations } }, merge)));
  }

  async sets(): Promise<StatefulSet[]> {
    return (await this.stage.admin.list<StatefulSet>(STATEFUL_SETS, { namespace: this.namespace })).items;
  }

  async pods(): Promise<Pod[]> {
    return (await this.stage.admin.list<Pod>(PODS, { namespace: this.namespace })).items;
  }

  /** Waits until the StatefulSet controller has seen every spec: a pod deleted before would come back as it was. */
  async untilObserved(): Promise<void> {
    await until(async () => {
      for (const { metadata, status } of await this.sets())
        expect(status?.observedGeneration).toBe(metadata.generation);
    });
  }

  /** Waits until each StatefulSet says that its pods are of one revision: written right after the status says so. */
  async untilOneRevision(): Promise<void> {
    await until(async () => {
      for (const { status } of await this.sets()) expect(status?.currentRevision).toBe(status?.updateRevision);
    });
  }

  async untilReady(): Promise<void> {
    await until(async () => {
      const [sets, pods] = await Promise.all([this.sets(), this.pods()]);
      const wanted = sets.reduce((sum, { spec }) => sum + (spec.replicas ?? 1), 0);
      expect(pods.filter(isReady)).toHaveLength(wanted);
      for (const { spec, status } of sets) expect(status?.readyReplicas).toBe(spec.replicas);
    });
  }

  /** What `kubectl` shows. */
  async status(name: string): Promise<RolloutStatus | undefined> {
    const { status } = await this.stage.admin.get<MultiAZRollout>(MULTI_AZ_ROLLOUTS, this.#named(name));
    return status as RolloutStatus | undefined;
  }

  /** Waits until the status of a resource passes. */
  untilStatus(
    name: string,
    check: (status: RolloutStatus) => void,
    timeoutMs: number = PATIENCE.timeout,
  ): Promise<RolloutStatus> {
    const attempt = async (): Promise<RolloutStatus> => {
      const status = await this.status(name);
      if (status === undefined) throw new Error(`${name} has no status yet`);
      check(status);
      return status;
    };
    return vi.waitFor(attempt, { ...PATIENCE, timeout: timeoutMs });
  }

  hub(name: string, options: Partial<HubOptions> = {}): Hub {
    const hub = startHub(this.stage, { namespace: this.namespace, name, ...options });
    this.#closing.push(() => hub.stop());
    return hub;
  }

  async witness(options: Omit<WitnessOptions, "namespace">): Promise<Witness> {
    const witness = await observe(this.stage.admin, { namespace: this.namespace, ...options });
    this.#closing.push(() => witness.close());
    return witness;
  }

  async remove(type: Parameters<Stage["admin"]["get"]>[0], name: string, orphans = false): Promise<void> {
    const { admin } = this.stage;
    const { metadata } = await admin.get<KubernetesObject>(type, this.#named(name));
    const propagationPolicy = orphans ? ("Orphan" as const) : ("Background" as const);
    await admin.delete(type, this.#named(name), { preconditions: { uid: metadata.uid ?? "" }, propagationPolicy });
  }

  #named(name: string): { namespace: string; name: string } {
    return { namespace: this.namespace, name };
  }
}

/** Tries again until it passes. */
export const until = <T>(attempt: () => T | Promise<T>): Promise<T> => vi.waitFor(attempt, PATIENCE);
