import { expect } from "vitest";
import { DEPLOYMENTS, MULTI_AZ_ROLLOUTS } from "../../../../lib/kubernetes/types.ts";
import { releaseClaims } from "../../../../lib/rollouts/claims.ts";
import { POD_ANNOTATIONS, POD_BEHAVIOURS } from "../../../../local/control-plane/pod-behaviours.ts";
import { until } from "../play.ts";
import { RESOURCE } from "../scene.ts";
import { ALL, SELECTOR, type Situation } from "../situation.ts";

const NAMESPACES = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false };

/** An operator of the same trade, elsewhere in the cluster, that is told to watch a namespace. */
const operator = (namespace: string, watched: string): object => {
  const labels = { app: "operator" };
  const env = [{ name: "WATCH_NAMESPACE", value: `monitoring,${watched}` }];
  const containers = [{ name: "operator", image: "registry.example.com/grafana/rollout-operator:v0.31.1", env }];
  return {
    metadata: { name: "operator", namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
};

/** What a group is not rolled with, or not now. */
export const GROUP_SITUATIONS: readonly Situation[] = [
  {
    title: "a member with RollingUpdate: Kubernetes rolls that one, and nothing of the group is touched by us",
    others: ["b-0", "b-1"],
    arrange: async (scene) => {
      await scene.play.patchSet(scene.setName("b"), { spec: { updateStrategy: { type: "RollingUpdate" } } });
      await scene.changeTemplates();
      scene.start();
      await until(() => expect(scene.gone("b")).toBe(2));
      await scene.play.untilReady();
    },
    told: {
      phase: "Refused",
      reason: "NotOnDelete",
      says: [/app-zone-b \(RollingUpdate\)/, /nothing of the group is touched/, /adoptStrategy: OnDelete/],
    },
    deleted: [],
    recover: (scene) =>
      scene.play.patchSet(scene.setName("b"), { spec: { updateStrategy: { type: "OnDelete", rollingUpdate: null } } }),
    inAll: ["a-0", "a-1", "c-0", "c-1"],
  },
  {
    title: "two zones unready",
    arrange: async (scene) => {
      await scene.annotate(["a-0", "b-1"], { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.neverReady });
      await until(async () => {
        const ready = (await scene.play.sets()).map(({ status }) => status?.readyReplicas);
        expect(ready).toEqual([1, 1, 2]);
      });
      await scene.changeTemplates();
      scene.start();
    },
    told: {
      phase: "Held",
      reason: "MultipleZonesUnready",
      says: [
        /zone-a \(app-zone-a-0: NotReady\); zone-b \(app-zone-b-1: NotReady\)/,
        /goes on when all but one are Ready/,
      ],
    },
    deleted: [],
    recover: async (scene) => {
      // One after the other: the last zone that is unready is the first to be rolled.
      await scene.annotate(["b-1"], { [POD_ANNOTATIONS.behaviour]: null });
      await scene.play.untilStatus(RESOURCE, ({ conditions }) => {
        expect(conditions[0]).toMatchObject({
          reason: "WaitingForPods",
          message: expect.stringContaining("waiting for app-zone-a-0: NotReady") as string,
        });
      });
      await scene.annotate(["a-0"], { [POD_ANNOTATIONS.behaviour]: null });
    },
    inAll: ALL,
  },
  {
    title: "a selector that matches nothing",
    spec: { statefulSetSelector: { matchLabels: { group: "nobody" } } },
    arrange: async (scene) => {
      await scene.changeTemplates();
      scene.start();
    },
    told: {
      phase: "Idle",
      reason: "NoStatefulSets",
      says: [/matches statefulSetSelector/, /create one with these labels, or correct the selector/],
    },
    deleted: [],
    recover: (scene) => scene.play.patchResource(RESOURCE, { spec: { statefulSetSelector: SELECTOR } }),
    inAll: ALL,
  },
  {
    title: "another resource that holds the same StatefulSets",
    arrange: async (scene) => {
      await scene.play.createResource("owner", {
        statefulSetSelector: SELECTOR,
        rollingUpdate: { intervalSeconds: 0 },
      });
      await scene.changeTemplates();
      scene.start({}, "owner");
      await scene.play.untilStatus("owner", ({ phase }) => expect(phase).toBe("Completed"));
      scene.start();
    },
    told: {
      phase: "Held",
      reason: "Overlap",
      says: [/app-zone-a by hub\.stage\/\S+\/owner/, /select different StatefulSets, or delete that resource/],
    },
    deleted: ALL,
    recover: async (scene) => {
      await scene.play.remove(MULTI_AZ_ROLLOUTS, "owner");
      await until(async () => expect((await scene.play.sets()).flatMap(claims)).toEqual([]));
      await scene.changeTemplates();
    },
    inAll: ALL.flatMap((pod) => [pod, pod]),
  },
  {
    title: "another hub that works on the same resource",
    kept: true,
    arrange: async (scene) => {
      await scene.changeTemplates();
      scene.start();
      await scene.play.untilStatus(RESOURCE, ({ phase }) => expect(phase).toBe("Completed"));
      scene.start({ hubId: "second" });
    },
    told: { phase: "Held", reason: "Overlap", says: [/app-zone-a by hub\.stage\/\S+\/app/, /delete that resource/] },
    deleted: ALL,
    recover: async (scene) => {
      const { stage, namespace } = scene.play;
      await scene.hubs[0]?.stop();
      await releaseClaims(stage.hub, "hub", { cluster: "stage", namespaces: [namespace] });
      await scene.changeTemplates();
    },
    inAll: ALL.flatMap((pod) => [pod, pod]),
  },
  {
    title: "an operator of the same trade in another namespace that watches this one",
    arrange: async (scene) => {
      const { stage, namespace } = scene.play;
      const elsewhere = `${namespace}-operators`;
      await stage.admin.create(NAMESPACES, { metadata: { name: elsewhere } });
      await stage.admin.create(DEPLOYMENTS, operator(elsewhere, namespace) as { metadata: { name: string } });
      await scene.changeTemplates();
      scene.start();
    },
    told: {
      phase: "Held",
      reason: "ForeignController",
      says: [/Deployment \S+-operators\/operator \(\S+rollout-operator:v0\.31\.1\)/, /scale it to 0 replicas/],
    },
    deleted: [],
    recover: ({ play: { stage, namespace } }) => {
      const name = { name: "operator", namespace: `${namespace}-operators` };
      return stage.admin.patch(DEPLOYMENTS, name, { spec: { replicas: 0 } }, { type: "merge" });
    },
    inAll: ALL,
  },
];

const claims = ({ metadata }: { metadata: { annotations?: Record<string, string> } }): string[] =>
  Object.keys(metadata.annotations ?? {}).filter((name) => name === "outrigger.dev/rollout");
