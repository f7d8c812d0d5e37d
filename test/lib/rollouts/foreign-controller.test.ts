import { describe, expect, test } from "vitest";
import type { Deployment } from "../../../lib/kubernetes/objects.ts";
import { findForeignController } from "../../../lib/rollouts/foreign-controller.ts";

type Container = NonNullable<NonNullable<Deployment["spec"]["template"]["spec"]>["containers"]>[number];

function deployment(
  container: Partial<Container>,
  changes: { replicas?: number; labels?: Record<string, string> } = {},
): Deployment {
  return {
    metadata: { name: "operator", namespace: "ops", labels: changes.labels ?? {} },
    spec: {
      replicas: changes.replicas ?? 1,
      template: { spec: { containers: [{ name: "main", image: "grafana/rollout-operator:v0.30.0", ...container }] } },
    },
  };
}

const rows: Record<string, [Deployment, boolean]> = {
  "one that watches every namespace": [deployment({}), true],
  "one in a registry of its own, by digest": [
    deployment({ image: "reg.example.com:5000/x/rollout-operator@sha256:1f" }),
    true,
  ],
  "a zone-aware controller": [deployment({ image: "aws/zone-aware-controllers-for-k8s:1" }), true],
  "one known by its label": [
    deployment({ image: "mirror/controller:1" }, { labels: { "app.kubernetes.io/name": "rollout-operator" } }),
    true,
  ],
  "one scaled to 0": [deployment({}, { replicas: 0 }), false],
  "any other Deployment": [deployment({ image: "grafana/mimir:2" }), false],
  "a namespace argument that covers ours": [deployment({ args: ["-kubernetes.namespace=mimir"] }), true],
  "a namespace argument in two words": [deployment({ args: ["--namespace", "loki"] }), false],
  "a namespace argument that does not": [deployment({ args: ["-kubernetes.namespace=loki"] }), false],
  "an argument that takes its value from the environment": [
    deployment({ args: ["-kubernetes.namespace=$(POD_NAMESPACE)"], env: [{ name: "POD_NAMESPACE" }] }),
    false,
  ],
  "WATCH_NAMESPACE with ours in its list": [
    deployment({ env: [{ name: "WATCH_NAMESPACE", value: "loki, mimir" }] }),
    true,
  ],
  "WATCH_NAMESPACE without ours": [deployment({ env: [{ name: "WATCH_NAMESPACE", value: "loki" }] }), false],
  "WATCH_NAMESPACE left empty": [deployment({ env: [{ name: "WATCH_NAMESPACE", value: "" }] }), true],
};

describe("a controller that could act on the same group", () => {
  test.each(Object.entries(rows))("%s", (_sentence, [found, acts]) => {
    const message = findForeignController([found], "mimir");
    if (acts) expect(message).toContain("Deployment ops/operator");
    else expect(message).toBeUndefined();
  });
});
