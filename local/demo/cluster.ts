import { setTimeout as sleep } from "node:timers/promises";
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { z } from "zod";
import { MULTI_AZ_ROLLOUTS } from "../../lib/kubernetes/types.ts";
import type { LocalCluster } from "../state.ts";
import { GROUP_LABEL, GROUPS, type Group, multiAZRollout, namespaces, statefulSet } from "./scenario.ts";
import { type Watcher, type WatchPodsOptions, watchPods } from "./watcher.ts";

/** What the demo reads of a rollout's status. */
const RolloutStatus = z.object({
  phase: z.string(),
  currentZone: z.string().optional(),
  updatedReplicas: z.number().default(0),
  replicas: z.number().default(0),
  conditions: z.array(z.object({ type: z.string(), reason: z.string(), message: z.string() })).default([]),
});
export type RolloutStatus = z.infer<typeof RolloutStatus>;

const [API_GROUP = "", API_VERSION = ""] = MULTI_AZ_ROLLOUTS.apiVersion.split("/");
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 250;

/** One cluster of the demo, used as its owner would: with administrator rights and no knowledge of the hub. */
export class DemoCluster {
  readonly name: string;
  readonly #zones: readonly string[];
  readonly #config = new KubeConfig();
  readonly #apps: AppsV1Api;
  readonly #custom: CustomObjectsApi;

  constructor({ name, kubeconfig, zones }: LocalCluster) {
    this.name = name;
    this.#zones = zones;
    this.#config.loadFromFile(kubeconfig);
    this.#apps = this.#config.makeApiClient(AppsV1Api);
    this.#custom = this.#config.makeApiClient(CustomObjectsApi);
  }

  /** Creates the StatefulSets and waits until all their pods are Ready. */
  async install(): Promise<void> {
    const core = this.#config.makeApiClient(CoreV1Api);
    for (const body of namespaces()) await core.createNamespace({ body });
    for (const group of GROUPS) {
      for (const zone of this.#zones) {
        await this.#apps.createNamespacedStatefulSet({ namespace: group.namespace, body: statefulSet(group, zone) });
      }
    }
    const deadline = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      const { items } = await this.#apps.listStatefulSetForAllNamespaces({ labelSelector: GROUP_LABEL });
      const waiting = items.filter(({ spec, status }) => (status?.readyReplicas ?? 0) < (spec?.replicas ?? 0));
      if (waiting.length === 0) return;
      if (Date.now() > deadline) {
        const names = waiting.map(({ metadata }) => metadata?.name).join(", ");
        throw new Error(`Cluster ${this.name}: pods of ${names} are not Ready after ${READY_TIMEOUT_MS / 1000} s.`);
      }
      await sleep(POLL_MS);
    }
  }

  async applyRollouts(): Promise<void> {
    for (const group of GROUPS) {
      await this.#custom.createNamespacedCustomObject({ ...rolloutsOf(group), body: multiAZRollout(group) });
    }
  }

  /** Changes the image in the templates of a group; a group without a new image stays as it is. */
  async changeTemplates(group: Group): Promise<void> {
    if (group.image.after === group.image.before) return;
    const body = { spec: { template: { spec: { containers: [{ name: group.name, image: group.image.after }] } } } };
    const options = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
    for (const zone of this.#zones) {
      const { metadata } = statefulSet(group, zone);
      const name = metadata?.name ?? "";
      await this.#apps.patchNamespacedStatefulSet({ name, namespace: group.namespace, body }, options);
    }
  }

  /** Pods of the group that run the template as it is now. */
  async countCurrent(group: Group): Promise<number> {
    const labelSelector = `${GROUP_LABEL}=${group.name}`;
    const { namespace } = group;
    const { items } = await this.#apps.listNamespacedStatefulSet({ namespace, labelSelector });
    const pods = await this.#config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector });
    const wanted = new Set(items.map(({ status }) => status?.updateRevision));
    return pods.items.filter(({ metadata }) => wanted.has(metadata?.labels?.["controller-revision-hash"])).length;
  }

  async statusOf(group: Group): Promise<RolloutStatus | undefined> {
    const object: unknown = await this.#custom.getNamespacedCustomObject({ ...rolloutsOf(group), name: group.name });
    return z.object({ status: RolloutStatus.optional() }).parse(object).status;
  }

  watch(onPod: NonNullable<WatchPodsOptions["onPod"]>): Promise<Watcher> {
    return watchPods(this.#config, new Map(GROUPS.map(({ name, replicas }) => [name, replicas])), { onPod });
  }

  podsOf(group: Group): number {
    return group.replicas * this.#zones.length;
  }
}

function rolloutsOf({ namespace }: Group) {
  return { group: API_GROUP, version: API_VERSION, namespace, plural: MULTI_AZ_ROLLOUTS.plural };
}
