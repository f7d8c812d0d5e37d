import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { KubernetesClient } from "../../../lib/kubernetes/client.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinition,
  DEFINITION_HASH,
  MANAGED_BY,
  planInstall,
  resourceTypeOf,
} from "../../../lib/kubernetes/custom-resources.ts";
import { createDiscovery } from "../../../lib/kubernetes/discovery.ts";
import { structuralSchema } from "../../../lib/kubernetes/structural-schema.ts";

const preserve = { "x-kubernetes-preserve-unknown-fields": true } as const;

const SCHEMAS: Record<string, [z.ZodType, object]> = {
  "a closed object keeps unknown fields": [
    z.strictObject({ a: z.string() }),
    { type: "object", properties: { a: { type: "string" } }, ...preserve },
  ],
  "an object that Zod strips is pruned": [
    z.object({ a: z.string() }),
    { type: "object", properties: { a: { type: "string" } } },
  ],
  "an open object keeps unknown fields": [z.looseObject({}), { type: "object", ...preserve }],
  "a number or a percentage": [
    z.union([z.int().min(1), z.string().regex(/%$/)]),
    { "x-kubernetes-int-or-string": true },
  ],
  "limits, patterns and required fields are left to us": [
    z.strictObject({ n: z.int().min(1).max(5), s: z.string().min(1).regex(/a/) }),
    { type: "object", properties: { n: { type: "integer" }, s: { type: "string" } }, ...preserve },
  ],
  "defaults are told, not set": [
    z.int().default(30).describe("Seconds."),
    { type: "integer", description: "Seconds. Default 30." },
  ],
  "choices are told, not enforced": [
    z.enum(["A", "B"]).default("A"),
    { type: "string", description: "One of A, B. Default A." },
  ],
  "descriptions by .meta": [
    z.boolean().meta({ description: "Whether." }),
    { type: "boolean", description: "Whether." },
  ],
  "a literal": [z.literal("x"), { type: "string" }],
  "a map": [z.record(z.string(), z.int()), { type: "object", additionalProperties: { type: "integer" } }],
  "a map of anything": [z.record(z.string(), z.unknown()), { type: "object", ...preserve }],
  "a list": [z.array(z.number()), { type: "array", items: { type: "number" } }],
  "a nullable value": [z.string().nullable(), { type: "string", nullable: true }],
  "a choice of objects": [
    z.discriminatedUnion("t", [z.strictObject({ t: z.literal("a") }), z.strictObject({ t: z.literal("b") })]),
    { type: "object", ...preserve },
  ],
  anything: [z.unknown(), preserve],
  "a time": [z.iso.datetime(), { type: "string" }],
  "a filled-in object": [
    z.strictObject({ a: z.int().default(1) }).prefault({}),
    { type: "object", properties: { a: { type: "integer", description: "Default 1." } }, ...preserve },
  ],
};

describe("a structural schema from Zod", () => {
  test.each(Object.entries(SCHEMAS))("%s", (_name, [schema, structural]) => {
    expect(structuralSchema(schema)).toEqual(structural);
  });
});

const resource = {
  group: "example.dev",
  version: "v1alpha1",
  kind: "Widget",
  plural: "widgets",
  shortNames: ["wd"],
  spec: z.strictObject({ size: z.int() }),
  columns: [{ name: "Phase", type: "string" as const, jsonPath: ".status.phase" }],
};
const wanted = customResourceDefinition(resource);
/** As an API server hands it back: with what it adds by itself. */
const live = (change: (crd: CustomResourceDefinition) => void = () => undefined): CustomResourceDefinition => {
  const crd = structuredClone(wanted);
  crd.metadata = { ...crd.metadata, uid: "u", resourceVersion: "5" };
  Object.assign(crd.spec, { conversion: { strategy: "None" } });
  change(crd);
  return crd;
};

test("a definition is whole", () => {
  expect(wanted).toMatchObject({
    metadata: { name: "widgets.example.dev", labels: { "app.kubernetes.io/managed-by": "outrigger" } },
    spec: {
      group: "example.dev",
      scope: "Namespaced",
      names: { kind: "Widget", listKind: "WidgetList", plural: "widgets", singular: "widget", shortNames: ["wd"] },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: resource.columns,
        },
      ],
    },
  });
  expect(resourceTypeOf(resource)).toEqual({
    apiVersion: "example.dev/v1alpha1",
    kind: "Widget",
    plural: "widgets",
    namespaced: true,
  });
});

describe("installing a definition", () => {
  test("creates it when it is absent", () => {
    expect(planInstall(wanted, undefined)).toEqual({ type: "create", object: wanted });
  });

  test("keeps it when only the API server added something", () => {
    expect(planInstall(wanted, live())).toEqual({ type: "keep" });
  });

  test.each<[name: string, change: (crd: CustomResourceDefinition) => void]>([
    ["it was made from another schema", (crd) => void (crd.metadata.annotations = { [DEFINITION_HASH]: "old" })],
    ["somebody changed it", (crd) => void (crd.spec.names.shortNames = [])],
  ])("updates ours under its resourceVersion when %s", (_name, change) => {
    const plan = planInstall(wanted, live(change));
    expect(plan).toMatchObject({
      type: "update",
      object: { metadata: { uid: "u", resourceVersion: "5" }, spec: wanted.spec },
    });
    expect(planInstall(wanted, plan.type === "update" ? plan.object : undefined)).toEqual({ type: "keep" });
  });

  test.each<[name: string, change: (crd: CustomResourceDefinition) => void, usable: boolean]>([
    ["that serves our version", () => undefined, true],
    ["without status", (crd) => void delete crd.spec.versions[0]?.subresources, false],
    [
      "of another version",
      (crd) => void crd.spec.versions.splice(0, 1, { name: "v2", served: true, storage: true }),
      false,
    ],
  ])("leaves a foreign one %s alone and says so", (_name, change, usable) => {
    const plan = planInstall(
      wanted,
      live((crd) => (change(crd), void (crd.metadata.labels = {}))),
    );
    expect(plan).toMatchObject({ type: "foreign", usable });
    expect(plan).toMatchObject({
      message: expect.stringContaining(`widgets.example.dev was installed by somebody else`),
    });
    expect(plan).toMatchObject({ message: expect.stringContaining(MANAGED_BY) });
  });
});

describe("discovery", () => {
  const list = {
    resources: [
      { name: "deployments", kind: "Deployment", namespaced: true, verbs: ["get", "list"] },
      { name: "deployments/scale", kind: "Scale", namespaced: true, verbs: ["get"] },
    ],
  };
  function clientOf(answers: Record<string, { status: number; body: string }>): {
    client: KubernetesClient;
    asked: string[];
  } {
    const asked: string[] = [];
    const raw: KubernetesClient["raw"] = async (_method, path) => {
      asked.push(path);
      return { headers: {}, ...(answers[path] ?? { status: 404, body: "" }) };
    };
    return { client: { raw } as KubernetesClient, asked };
  }

  test("finds a kind with its plural and subresources, and asks once", async () => {
    const { client, asked } = clientOf({ "/apis/apps/v1": { status: 200, body: JSON.stringify(list) } });
    const discovery = createDiscovery(client);
    await discovery.resources("apps/v1");
    await expect(discovery.find("apps/v1", "Deployment")).resolves.toEqual({
      apiVersion: "apps/v1",
      kind: "Deployment",
      plural: "deployments",
      namespaced: true,
      verbs: ["get", "list"],
      subresources: ["scale"],
    });
    expect(asked).toEqual(["/apis/apps/v1"]);
  });

  test("looks for an unknown kind anew, since a definition may have come", async () => {
    const answers = { "/apis/apps/v1": { status: 200, body: JSON.stringify({ resources: [] }) } };
    const { client, asked } = clientOf(answers);
    const discovery = createDiscovery(client);
    await expect(discovery.find("apps/v1", "Deployment")).resolves.toBeUndefined();
    answers["/apis/apps/v1"].body = JSON.stringify(list);
    await expect(discovery.find("apps/v1", "Deployment")).resolves.toMatchObject({ plural: "deployments" });
    expect(asked).toHaveLength(2);
  });

  test("asks again after five minutes", async () => {
    let now = 0;
    const { client, asked } = clientOf({ "/apis/apps/v1": { status: 200, body: JSON.stringify(list) } });
    const discovery = createDiscovery(client, () => now);
    await discovery.resources("apps/v1");
    now = 300_000;
    await discovery.resources("apps/v1");
    expect(asked).toHaveLength(2);
  });

  test("knows what is not served, and throws for anything else", async () => {
    const { client } = clientOf({ "/api/v1": { status: 403, body: "forbidden" } });
    await expect(createDiscovery(client).resources("absent.dev/v1")).resolves.toBeUndefined();
    await expect(createDiscovery(client).resources("v1")).rejects.toMatchObject({
      status: 403,
      request: "GET /api/v1",
    });
  });
});
