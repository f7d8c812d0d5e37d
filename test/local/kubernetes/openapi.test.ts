import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createVirtualClock } from "../../../local/kubernetes/clock.ts";
import { seeded } from "../../contract/kubernetes/random-manifests.ts";
import { inProcessCluster } from "./in-process.ts";

const file = join(import.meta.dirname, "../../../config/crd/multiazrollouts.rollout.grafana.com.yaml");
const definition = parse(readFileSync(file, "utf8")) as {
  spec: { versions: { schema: { openAPIV3Schema: { properties: Record<string, unknown> } } }[] };
};

test("kubectl explain finds the fields of a custom type as its definition describes them", async () => {
  const clock = createVirtualClock();
  const { core, ask } = await inProcessCluster({ clock, random: seeded(1) });
  await ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  clock.advance(5_000);
  const document = await ask("GET", "/openapi/v3/apis/rollout.grafana.com/v1alpha1");
  expect(document).toMatchObject({
    components: {
      schemas: {
        "com.grafana.rollout.v1alpha1.MultiAZRollout": {
          properties: { spec: definition.spec.versions[0]?.schema.openAPIV3Schema.properties["spec"] },
          "x-kubernetes-group-version-kind": [
            { group: "rollout.grafana.com", version: "v1alpha1", kind: "MultiAZRollout" },
          ],
        },
      },
    },
  });
  expect(await ask("GET", "/openapi/v3/apis/apps/v1")).toMatchObject({ components: { schemas: {} } });
  core.stop();
});
