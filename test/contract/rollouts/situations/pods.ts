import { expect } from "vitest";
import { POD_BEHAVIOURS } from "../../../../local/control-plane/pod-behaviours.ts";
import { until } from "../play.ts";
import { RESOURCE, type Scene } from "../scene.ts";
import { ALL, type Situation } from "../situation.ts";

const QUOTAS = { apiVersion: "v1", kind: "ResourceQuota", plural: "resourcequotas", namespaced: true };
const { imagePullFailure, crashLoop } = POD_BEHAVIOURS;
/** What does not get Ready stalls soon. */
const deadline = { progressDeadlineSeconds: 8 };
/** What is well does not stall, however busy the machine is. */
const patience = { progressDeadlineSeconds: 1_800 };
const mended = async (scene: Scene): Promise<void> => {
  await scene.play.patchResource(RESOURCE, { spec: patience });
  await scene.changeTemplates();
};
const cured = {
  phase: "Completed",
  reason: "Completed",
  says: [/All pods of app-zone-a, app-zone-b, app-zone-c/],
} as const;

/** Pods that do not get Ready, or do not come back. */
export const POD_SITUATIONS: readonly Situation[] = [
  {
    title: "an image that cannot be pulled, in the old revision everywhere: the new one cures zone after zone",
    begins: { a: imagePullFailure, b: imagePullFailure, c: imagePullFailure },
    arrange: async (scene) => {
      await scene.changeTemplates();
      scene.start();
    },
    told: cured,
    deleted: ALL,
  },
  {
    title: "an image that cannot be pulled, in the new revision: stalled at the first pod",
    spec: deadline,
    arrange: async (scene) => {
      await scene.changeTemplates(imagePullFailure);
      scene.start();
    },
    told: {
      phase: "Stalled",
      reason: "ProgressDeadlineExceeded",
      says: [/app-zone-a-0: ImagePullBackOff/, /until the template changes or the pods recover/],
    },
    deleted: ["a-0"],
    recover: mended,
    inAll: ["a-0", ...ALL],
  },
  {
    title: "an image that cannot be pulled, with onStall Rollback: back to the template before",
    spec: { ...deadline, onStall: "Rollback" },
    arrange: async (scene) => {
      await scene.changeTemplates(imagePullFailure);
      scene.start();
    },
    told: {
      phase: "Completed",
      reason: "RolledBack",
      says: [/app-zone-a, app-zone-b, app-zone-c went back to the template before/, /not tried again until it changes/],
    },
    deleted: ["a-0", "a-0"],
    recover: mended,
    inAll: ["a-0", "a-0", ...ALL],
  },
  {
    title: "a template that was rolled back and is applied again",
    spec: { ...deadline, onStall: "Rollback" },
    arrange: async (scene) => {
      await scene.changeTemplates(imagePullFailure, "bad");
      scene.start();
      await scene.play.untilStatus(RESOURCE, ({ conditions }) => expect(conditions[0]?.reason).toBe("RolledBack"));
      await scene.changeTemplates(imagePullFailure, "bad");
    },
    told: {
      phase: "Stalled",
      reason: "TemplateRejected",
      says: [/template of app-zone-a, app-zone-b, app-zone-c was rolled back/, /change it to try again/],
    },
    deleted: ["a-0", "a-0"],
    recover: mended,
    inAll: ["a-0", "a-0", ...ALL],
  },
  {
    title: "crash loops in two zones at once, and a template that mends them: cured first, one zone after the other",
    begins: { b: crashLoop, c: crashLoop },
    arrange: async (scene) => {
      await scene.changeTemplates();
      scene.start();
    },
    told: cured,
    deleted: ["b-0", "b-1", "c-0", "c-1", "a-0", "a-1"],
    eitherFirst: ["b", "c"],
  },
  {
    title: "a quota that refuses the pod",
    spec: deadline,
    arrange: async (scene) => {
      const { stage, namespace } = scene.play;
      const name = { name: "few", namespace };
      await stage.admin.create(QUOTAS, { metadata: name, spec: { hard: { pods: "5" } } } as { metadata: typeof name });
      await until(async () => expect(await stage.admin.get(QUOTAS, name)).toMatchObject({ status: { hard: {} } }));
      await scene.changeTemplates();
      scene.start();
    },
    told: {
      phase: "Stalled",
      reason: "ProgressDeadlineExceeded",
      says: [
        /pods "app-zone-a-0" is forbidden: exceeded quota: few, .*limited: pods=5/,
        /until the template changes or the pods recover/,
      ],
    },
    deleted: ["a-0"],
    recover: async (scene) => {
      await scene.play.patchResource(RESOURCE, { spec: patience });
      await scene.play.remove(QUOTAS, "few");
    },
    inAll: ALL,
  },
];
