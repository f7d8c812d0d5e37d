import { setTimeout as sleep } from "node:timers/promises";
import type { KubernetesClient } from "../../lib/kubernetes/client.ts";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { MULTI_AZ_ROLLOUTS, STATEFUL_SETS } from "../../lib/kubernetes/types.ts";
import { POD_ANNOTATIONS } from "../../local/control-plane/pod-behaviours.ts";

/** Three StatefulSets of one size, one per zone, in a namespace of their own. */
export interface BenchGroup {
  namespace: string;
  sets: readonly string[];
  /** Pods of each zone. */
  replicas: number;
  maxUnavailable: number;
  /** From Running to Ready, as the simulated kubelet draws it. */
  readyAfter: string;
}

/** Name of the resource in each namespace. */
export const RESOURCE = "ingesters";
const POLL_MS = 20;
const SELECTOR = { matchLabels: { group: "ingester" } };

export async function createSets(client: KubernetesClient, group: BenchGroup): Promise<void> {
  for (const name of group.sets) await client.create(STATEFUL_SETS, statefulSet(group, name));
}

/** The resource that rolls the group, as soon as the budget allows. */
export async function createResource(client: KubernetesClient, group: BenchGroup): Promise<void> {
  const { namespace, maxUnavailable } = group;
  const spec = { statefulSetSelector: SELECTOR, rollingUpdate: { maxUnavailable, intervalSeconds: 0 } };
  await client.create(MULTI_AZ_ROLLOUTS, { metadata: { name: RESOURCE, namespace }, spec });
}

/** A new template for every StatefulSet at once. */
export async function changeTemplates(client: KubernetesClient, group: BenchGroup, version: string): Promise<void> {
  const patch = { spec: { template: { metadata: { annotations: { version } } } } };
  const { namespace } = group;
  await Promise.all(
    group.sets.map((name) => client.patch(STATEFUL_SETS, { namespace, name }, patch, { type: "merge" })),
  );
}

/** Waits until the StatefulSet controller has seen the templates: a pod deleted before would come back as it was. */
export async function untilObserved(client: KubernetesClient, { namespace }: BenchGroup): Promise<void> {
  for (;;) {
    const { items } = await client.list<StatefulSet>(STATEFUL_SETS, { namespace });
    if (items.every(({ metadata, status }) => status?.observedGeneration === metadata.generation)) return;
    await sleep(POLL_MS);
  }
}

/** Takes the pods away, so that they are in nobody's way. */
export async function deleteSets(client: KubernetesClient, { namespace, sets }: BenchGroup): Promise<void> {
  for (const name of sets) {
    const { metadata } = await client.get<StatefulSet>(STATEFUL_SETS, { namespace, name });
    await client.delete(STATEFUL_SETS, { namespace, name }, { preconditions: { uid: metadata.uid ?? "" } });
  }
}

function statefulSet({ namespace, replicas, readyAfter }: BenchGroup, name: string): StatefulSet {
  const labels = { app: name, group: "ingester" };
  const annotations = { version: "0", [POD_ANNOTATIONS.readyAfter]: readyAfter };
  return {
    metadata: { name, namespace, labels: { ...labels, zone: name.replace("ingester-", "") } },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "main", image: "registry.example.com/app:1" }] },
      },
    },
  };
}
