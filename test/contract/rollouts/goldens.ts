import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { NODES } from "../../../lib/kubernetes/types.ts";
import { ordinalOf } from "../../../lib/rollouts/pods.ts";
import { POD_ANNOTATIONS, POD_BEHAVIOURS } from "../../../local/control-plane/pod-behaviours.ts";
import {
  INGESTER,
  kafkaSet,
  type MimirComponent,
  mimirBudget,
  mimirSets,
  type Place,
  STORE_GATEWAY,
} from "./groups.ts";
import type { Hub } from "./hub.ts";
import { Play } from "./play.ts";
import type { Stage } from "./stage.ts";
import { transcriptOf } from "./transcript.ts";
import type { Witness } from "./witness.ts";

const BUDGETS = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  namespaced: true,
};

/** A whole rollout of a group as people run it, with the transcript it must give. */
export interface Golden {
  title: string;
  /** In test/golden. */
  file: string;
  namespace: string;
  /** Of the resource. */
  name: string;
  spec: Record<string, unknown>;
  sets: (place: Place) => StatefulSet[];
  budget?: (namespace: string) => object;
  image: string;
  /** As the StatefulSets or the spec have it, in pods. */
  maxUnavailable: number;
  /** Where the pods of one StatefulSet are is for the scheduler to say: they are told by their place in the zone. */
  spread?: true;
}

const mimir = (component: MimirComponent): Omit<Golden, "title" | "file"> => ({
  namespace: `mimir-${component.name}`,
  name: component.name,
  spec: {
    statefulSetSelector: { matchLabels: { "rollout-group": component.name } },
    rollingUpdate: { intervalSeconds: 0 },
  },
  sets: (place) => mimirSets(component, place),
  budget: (namespace) => mimirBudget(component, namespace),
  image: "grafana/mimir:3.0.0",
  maxUnavailable: component.replicas,
});

export const GOLDENS: readonly Golden[] = [
  {
    title:
      "ingesters of Mimir go zone by zone, all of a zone at once as their annotation says, under a budget of one pod",
    file: "real-mimir-ingester.txt",
    ...mimir(INGESTER),
  },
  {
    title: "store-gateways of Mimir, which come back one after the other, do too",
    file: "real-mimir-store-gateway.txt",
    ...mimir(STORE_GATEWAY),
  },
  {
    title: "ingesters of Mimir in batches of one, then two, then the rest",
    file: "real-mimir-exponential.txt",
    ...mimir(INGESTER),
    namespace: "mimir-exponential",
    spec: { ...mimir(INGESTER).spec, azOrder: ["zone-c", "zone-a"], strategy: { type: "Exponential", factor: 2 } },
  },
  {
    title: "brokers of Kafka, one StatefulSet over three zones, go one by one, the highest of a zone first",
    file: "real-kafka.txt",
    namespace: "kafka",
    name: "kafka",
    spec: {
      statefulSetSelector: { matchLabels: { "app.kubernetes.io/name": "kafka" } },
      rollingUpdate: { maxUnavailable: 1, intervalSeconds: 0 },
    },
    sets: (place) => [kafkaSet(place)],
    image: "apache/kafka:4.1.0",
    maxUnavailable: 1,
    spread: true,
  },
];

/** From Running to Ready. */
const READY_AFTER = "200ms";
/** New pods wait to be told that they may get Ready. */
const UNRIPE = POD_BEHAVIOURS.neverReady;
const RIPEN_EVERY_MS = 25;
/** As long as a busy machine may take for a whole rollout of nine batches. */
const ROLLOUT_MS = 240_000;
/** A pod younger than this is not judged yet; batches are told apart from each other by nothing else. */
const YOUNG_MS = 5_000;

/** Installs the group, changes its image, rolls it, and tells what an observer saw. */
export async function playGolden(stage: Stage, golden: Golden): Promise<string> {
  const play = new Play(stage, golden.namespace);
  try {
    const { zones } = stage.cluster;
    await play.install(golden.sets({ namespace: golden.namespace, zones, readyAfter: READY_AFTER }));
    if (golden.budget !== undefined && (await stage.admin.raw("GET", "/apis/policy/v1")).status === 200) {
      await stage.admin.create(BUDGETS, golden.budget(golden.namespace) as { metadata: { name: string } });
    }
    await play.untilReady();
    await play.createResource(golden.name, golden.spec);
    for (const { metadata, spec } of await play.sets()) {
      const containers = spec.template.spec?.containers?.map((one) => ({ ...one, image: golden.image }));
      const template = { metadata: { annotations: { [POD_ANNOTATIONS.behaviour]: UNRIPE } }, spec: { containers } };
      await play.patchSet(metadata.name, { spec: { template } });
    }
    await play.untilObserved();
    await stage.time.sleep(YOUNG_MS);
    const before = await play.pods();
    const zoneOf = golden.spread === true ? await nodeZones(stage) : logicalZone;
    const names = golden.spread === true ? placesIn(before, zoneOf) : (pod: string) => pod;
    const witness = await play.witness({ zoneOf, maxUnavailable: golden.maxUnavailable });
    const hub = play.hub(golden.name);
    const done = new AbortController();
    const completed = play.untilStatus(golden.name, ({ phase }) => expect(phase).toBe("Completed"), ROLLOUT_MS);
    const [status] = await Promise.all([
      completed.finally(() => done.abort()),
      ripen(play, { witness, hub, signal: done.signal }),
    ]);
    await play.untilOneRevision();
    await hub.stop();
    const sets = await play.sets();
    expect(witness.violations()).toEqual([]);
    expect(
      witness
        .gone()
        .map(({ uid }) => uid)
        .toSorted(),
    ).toEqual(before.map(({ metadata }) => metadata.uid ?? "").toSorted());
    for (const { spec, status: now } of sets) {
      expect(now).toMatchObject({ updatedReplicas: spec.replicas, readyReplicas: spec.replicas });
    }
    expect(hub.deleted().toSorted()).toEqual(before.map(({ metadata }) => metadata.name).toSorted());
    return transcriptOf({ windows: witness.windows(), events: hub.events(), sets, status, names });
  } finally {
    await play.close();
  }
}

/**
 * Lets new pods get Ready as soon as all of the batch they came in are deleted, however long that takes: an observer tells
 * batches apart by nothing but pods that are Ready again in between.
 */
async function ripen(play: Play, scene: { witness: Witness; hub: Hub; signal: AbortSignal }): Promise<void> {
  const { witness, hub, signal } = scene;
  while (!signal.aborted) {
    expect(witness.violations()).toEqual([]);
    // What a batch came to is recorded when its last delete is answered.
    const isBetween = hub.deleted().length === witness.gone().length;
    const unripe = witness.staying().filter(({ metadata }) => metadata.annotations?.[POD_ANNOTATIONS.behaviour]);
    const names = isBetween ? unripe.map(({ metadata }) => metadata.name) : [];
    await play.annotatePods(names, { [POD_ANNOTATIONS.behaviour]: null });
    await sleep(RIPEN_EVERY_MS);
  }
}

const logicalZone = ({ metadata }: Pod): string => metadata.labels?.["zone"] ?? "";

async function nodeZones({ admin }: Stage): Promise<(pod: Pod) => string> {
  const { items } = await admin.list(NODES, { as: "metadata" });
  const zones = new Map(items.map(({ metadata }) => [metadata.name, metadata.labels?.["topology.kubernetes.io/zone"]]));
  return ({ spec }) => zones.get(spec?.nodeName ?? "") ?? "";
}

/** Name of a pod → e.g. `broker 3 of 3 in us-east-1a`, by its ordinal among those of its zone. */
function placesIn(pods: readonly Pod[], zoneOf: (pod: Pod) => string): (pod: string) => string {
  const inOrder = pods.toSorted((a, b) => ordinalOf(a.metadata.name) - ordinalOf(b.metadata.name));
  const places = [...Map.groupBy(inOrder, zoneOf)].flatMap(([zone, there]) =>
    there.map(({ metadata }, index) => [metadata.name, `pod ${index + 1} of ${there.length} in ${zone}`] as const),
  );
  const names = new Map(places);
  return (pod) => names.get(pod) ?? pod;
}
