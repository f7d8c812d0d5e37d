import { expect } from "vitest";
import { eventually, get, invalid, ok, post, type Step } from "./step.ts";

export const GROUP = "{ns}.example.com";
export const WIDGETS = `/apis/${GROUP}/v1/namespaces/{ns}/widgets`;
export const SCHEMA = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer", minimum: 1, maximum: 9 },
        ratio: { type: "number", minimum: 0, exclusiveMinimum: true },
        name: { type: "string", pattern: "^a", maxLength: 3, minLength: 1 },
        mode: { type: "string", enum: ["A", "B"], default: "A" },
        port: { "x-kubernetes-int-or-string": true },
        any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        list: { type: "array", maxItems: 2, minItems: 1, items: { type: "string" } },
        parts: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["name"],
          items: {
            type: "object",
            required: ["name"],
            properties: { name: { type: "string" }, count: { type: "integer", default: 1 } },
          },
        },
        labels: { type: "object", additionalProperties: { type: "string" } },
        maybe: { type: "string", nullable: true },
      },
    },
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};
export const definition = (more: object = {}): object => ({
  metadata: { name: `widgets.${GROUP}` },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { kind: "Widget", plural: "widgets", shortNames: ["wd"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: "Size", type: "integer", jsonPath: ".spec.size" },
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: "Born", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: { openAPIV3Schema: SCHEMA },
      },
    ],
    ...more,
  },
});
export const install = (): Step[] => [
  post("crds", definition()),
  ...eventually(
    get(`/apis/${GROUP}/v1`, ok({ resources: expect.arrayContaining([expect.objectContaining({ name: "widgets" })]) })),
    get(WIDGETS),
  ),
];
export const widget = (name: string, spec: object, more: object = {}): object => ({
  apiVersion: `${GROUP}/v1`,
  kind: "Widget",
  metadata: { name },
  spec,
  ...more,
});
export const bad = (spec: object, message: string): Step => post(WIDGETS, widget("b", spec), invalid(message));
