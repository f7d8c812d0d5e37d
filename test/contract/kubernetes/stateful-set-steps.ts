import { expect } from "vitest";
import { statefulSet } from "./objects.ts";
import { type Answer, eventually, get, ok, post, type Step } from "./step.ts";

export const rolling = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } };
export const ordered = { podManagementPolicy: "OrderedReady" };
export const template = (annotations: object, image = "registry.example.com/app:1"): object => ({
  template: { metadata: { labels: { app: "s" }, annotations }, spec: { containers: [{ name: "main", image }] } },
});
export const neverReady = template({ "outrigger.dev/sim-behaviour": "never-ready" });
export const slowEnd = template({ "outrigger.dev/sim-terminate-after": "60s" });
export const OLD = "registry.example.com/app:1";
export const NEW = "registry.example.com/app:2";

export const status = (expected: object, keep?: string): Step[] =>
  eventually(get("sts/s", ok({ status: expected }), keep === undefined ? {} : { keep }));
export const settled = (replicas: number, keep?: string): Step[] =>
  status(
    { replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: expect.any(Number) },
    keep,
  );
export const image = (name: string, wanted: string): Step =>
  get(`pods/${name}`, ok({ spec: { containers: [{ image: wanted }] }, status: { phase: "Running" } }));
export const names = (...wanted: string[]): Step => get("pods", { status: 200, names: wanted });
export const start = (spec: object): Step => post("sts", statefulSet("s", spec), undefined, { keep: "set" });
/** Another pod than the one kept as `old`. */
export const renewed = (body: object): Answer => ({
  status: 200,
  body,
  unlike: { "metadata.uid": "{old.metadata.uid}" },
});
/** Gives the controllers time to do what they should not. */
export const meanwhile: Step = get("pods?timeoutSeconds=1&watch=1&resourceVersion=99999999");
