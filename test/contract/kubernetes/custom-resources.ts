import { expect } from "vitest";
import {
  del,
  eventually,
  fails,
  get,
  invalid,
  merge,
  notFound,
  ok,
  post,
  put,
  type Row,
  type Step,
  strategic,
  watch,
} from "./step.ts";

const GROUP = "{ns}.example.com";
const WIDGETS = `/apis/${GROUP}/v1/namespaces/{ns}/widgets`;
const SCHEMA = {
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
const definition = (more: object = {}): object => ({
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
const install = (): Step[] => [
  post("crds", definition()),
  ...eventually(
    get(`/apis/${GROUP}/v1`, ok({ resources: expect.arrayContaining([expect.objectContaining({ name: "widgets" })]) })),
    get(WIDGETS),
  ),
];
const widget = (name: string, spec: object, more: object = {}): object => ({
  apiVersion: `${GROUP}/v1`,
  kind: "Widget",
  metadata: { name },
  spec,
  ...more,
});
const bad = (spec: object, message: string): Step => post(WIDGETS, widget("b", spec), invalid(message));

/** Definitions and the resources they define. */
export const CUSTOM_RESOURCES: Row[] = [
  {
    title: "a definition is completed, accepted and established",
    steps: [
      post("crds", definition(), {
        status: 201,
        body: {
          spec: { names: { singular: "widget", listKind: "WidgetList" }, conversion: { strategy: "None" } },
          status: { storedVersions: ["v1"] },
        },
      }),
      ...eventually(
        get(
          `crds/widgets.${GROUP}`,
          ok({
            status: {
              acceptedNames: { kind: "Widget", listKind: "WidgetList" },
              conditions: [
                { type: "NamesAccepted", status: "True" },
                { type: "Established", status: "True" },
              ],
            },
          }),
        ),
      ),
    ],
  },
  {
    title: "a defined resource is discovered",
    steps: [
      ...install(),
      ...eventually(get(`/apis/${GROUP}`, ok({ kind: "APIGroup", preferredVersion: { version: "v1" } }))),
      get(
        `/apis/${GROUP}/v1`,
        ok({
          resources: expect.arrayContaining([
            expect.objectContaining({ name: "widgets", kind: "Widget", singularName: "widget", shortNames: ["wd"] }),
            expect.objectContaining({ name: "widgets/status" }),
          ]),
        }),
      ),
    ],
  },
  {
    title: "unknown fields are pruned, defaults filled in, nulls and status dropped",
    steps: [
      ...install(),
      post(
        WIDGETS,
        widget(
          "a",
          { size: 3, bogus: 1, port: "x", any: { z: 1 }, name: null, maybe: null, parts: [{ name: "p", extra: 1 }] },
          { status: { x: 1 } },
        ),
        {
          status: 201,
          body: {
            metadata: { generation: 1 },
            spec: { size: 3, mode: "A", port: "x", any: { z: 1 }, maybe: null, parts: [{ name: "p", count: 1 }] },
          },
          absent: ["spec.bogus", "spec.name", "spec.parts.0.extra", "status"],
        },
      ),
    ],
  },
  {
    title: "every value is checked",
    steps: [
      ...install(),
      bad({}, "spec.size: Required value"),
      bad({ size: 30 }, "spec.size: Invalid value: 30: spec.size in body should be less than or equal to 9"),
      bad({ size: 0 }, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
      bad({ size: "x" }, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
      bad({ size: 1, ratio: 0 }, "spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0"),
      bad({ size: 1, name: "b" }, "spec.name: Invalid value: \"b\": spec.name in body should match '^a'"),
      bad({ size: 1, name: "abcd" }, "spec.name: Too long: may not be more than 3 bytes"),
      bad({ size: 1, name: "" }, 'spec.name: Invalid value: "": spec.name in body should be at least 1 chars long'),
      bad({ size: 1, mode: "C" }, 'spec.mode: Unsupported value: "C": supported values: "A", "B"'),
      bad(
        { size: 1, port: {} },
        'spec.port: Invalid value: "object": spec.port in body must be of type integer,string: "object"',
      ),
      bad({ size: 1, list: ["a", "b", "c"] }, "spec.list: Too many: 3: must have at most 2 items"),
      bad({ size: 1, list: [] }, "spec.list: Invalid value: 0: spec.list in body should have at least 1 items"),
      bad(
        { size: 1, list: [1] },
        'spec.list[0]: Invalid value: "integer": spec.list[0] in body must be of type string: "integer"',
      ),
      bad(
        { size: 1, labels: { a: 1 } },
        'spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
      ),
      bad({ size: 1, parts: [{ name: "a" }, { name: "a" }] }, 'spec.parts[1]: Duplicate value: {"name":"a"}'),
    ],
  },
  {
    title: "every problem is named at once",
    steps: [
      ...install(),
      post(
        WIDGETS,
        widget("b", { size: 30, mode: "C", any: 1 }),
        invalid("", [
          "spec.any: FieldValueTypeInvalid",
          "spec.mode: FieldValueNotSupported",
          "spec.size: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "kind and version must be there and fit",
    steps: [
      ...install(),
      post(
        WIDGETS,
        { metadata: { name: "a" }, spec: { size: 1 } },
        fails(
          400,
          "BadRequest",
          "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in",
        ),
      ),
      post(
        WIDGETS,
        { ...widget("a", { size: 1 }), kind: "Wodget" },
        invalid('Wodget.{ns}.example.com "a" is invalid: kind: Invalid value: "Wodget": must be Widget'),
      ),
    ],
  },
  {
    title: "unknown fields are refused when validation is strict",
    steps: [
      ...install(),
      post(
        `${WIDGETS}?fieldValidation=Strict`,
        widget("a", { size: 1, bogus: 2 }),
        fails(400, "BadRequest", 'strict decoding error: unknown field "spec.bogus"'),
      ),
    ],
  },
  {
    title: "a replace must name the version",
    steps: [
      ...install(),
      post(WIDGETS, widget("a", { size: 1 }), undefined, { keep: "a" }),
      put(
        `${WIDGETS}/a`,
        widget("a", { size: 2 }),
        invalid(
          'widgets.{ns}.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
        ),
      ),
      put(
        `${WIDGETS}/a`,
        { ...widget("a", { size: 2 }), metadata: { name: "a", resourceVersion: "{a.metadata.resourceVersion}" } },
        ok({ metadata: { generation: 2 }, spec: { size: 2 } }),
      ),
    ],
  },
  {
    title: "status is a world of its own",
    steps: [
      ...install(),
      post(WIDGETS, widget("a", { size: 3 })),
      merge(
        `${WIDGETS}/a/status`,
        { status: { y: 2 }, spec: { size: 5 }, metadata: { labels: { a: "b" } } },
        {
          status: 200,
          body: { metadata: { generation: 1 }, spec: { size: 3 }, status: { y: 2 } },
          absent: ["metadata.labels"],
        },
      ),
      merge(
        `${WIDGETS}/a`,
        { status: { y: 3 }, spec: { size: 5 } },
        ok({ metadata: { generation: 2 }, spec: { size: 5 }, status: { y: 2 } }),
      ),
    ],
  },
  {
    title: "a patch is checked like everything",
    steps: [
      ...install(),
      post(WIDGETS, widget("a", { size: 3 })),
      merge(`${WIDGETS}/a`, { spec: { size: 50 } }, invalid("spec.size in body should be less than or equal to 9")),
      strategic(
        `${WIDGETS}/a`,
        { spec: { size: 5 } },
        fails(
          415,
          "UnsupportedMediaType",
          "accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        ),
      ),
    ],
  },
  {
    title: "a subresource that was not defined is not there",
    steps: [
      ...install(),
      post(WIDGETS, widget("a", { size: 3 })),
      get(`${WIDGETS}/a/scale`, notFound('widgets.{ns}.example.com "a" not found')),
      get(`${WIDGETS}/zz`, notFound('widgets.{ns}.example.com "zz" not found')),
    ],
  },
  {
    title: "a table has the columns of the definition",
    steps: [
      ...install(),
      post(WIDGETS, widget("a", { size: 3 })),
      merge(`${WIDGETS}/a/status`, {
        status: {
          conditions: [
            { type: "Other", status: "No" },
            { type: "Ready", status: "True" },
          ],
        },
      }),
      get(
        WIDGETS,
        ok({
          kind: "Table",
          columnDefinitions: [
            { name: "Name" },
            { name: "Size", type: "integer" },
            { name: "Ready", type: "string" },
            { name: "Born", type: "date" },
          ],
          rows: [{ cells: ["a", 3, "True", expect.stringMatching(/^\d+s$/)] }],
        }),
        { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
      ),
    ],
  },
  {
    title: "listed objects repeat their kind; watches work",
    steps: [
      ...install(),
      get(WIDGETS, ok({ kind: "WidgetList" }), { keep: "now" }),
      post(WIDGETS, widget("a", { size: 3 })),
      get(WIDGETS, {
        status: 200,
        names: ["a"],
        body: { items: [{ kind: "Widget", apiVersion: "{ns}.example.com/v1" }] },
      }),
      watch(`${WIDGETS}?resourceVersion={now.metadata.resourceVersion}`, ["ADDED", "a", { kind: "Widget" }]),
    ],
  },
  {
    title: "a watch from before the definition is told to list again",
    steps: [
      ...install(),
      {
        watch: `${WIDGETS}?resourceVersion=1`,
        events: [
          {
            type: "ERROR",
            object: {
              kind: "Status",
              code: 410,
              reason: "Expired",
              message: expect.stringContaining("too old resource version: 1 ("),
            },
          },
        ],
      },
    ],
  },
  {
    title: "a definition is checked",
    steps: [
      post(
        "crds",
        {
          metadata: { name: `x.${GROUP}` },
          spec: {
            group: GROUP,
            scope: "Namespaced",
            names: { kind: "Widget", plural: "widgets" },
            versions: [{ name: "v1", served: true, storage: true }],
          },
        },
        invalid(
          '[metadata.name: Invalid value: "x.{ns}.example.com": must be spec.names.plural+"."+spec.group, spec.versions[0].schema.openAPIV3Schema: Required value]',
        ),
      ),
    ],
  },
  {
    title: "a changed schema holds from then on",
    steps: [
      ...install(),
      post(WIDGETS, widget("a", { size: 3 })),
      merge(
        `crds/widgets.${GROUP}`,
        {
          spec: {
            versions: [
              {
                name: "v1",
                served: true,
                storage: true,
                schema: {
                  openAPIV3Schema: {
                    type: "object",
                    properties: {
                      spec: {
                        type: "object",
                        properties: { size: { type: "integer", maximum: 99 }, more: { type: "string" } },
                      },
                    },
                  },
                },
              },
            ],
          },
        },
        ok({ metadata: { generation: 2 } }),
      ),
      ...eventually(merge(`${WIDGETS}/a`, { spec: { size: 50, more: "x" } }, ok({ spec: { size: 50, more: "x" } }))),
    ],
  },
  {
    title: "a deleted definition takes its resources along",
    steps: [
      ...install(),
      post(WIDGETS, { ...widget("a", { size: 3 }), metadata: { name: "a", finalizers: ["a.example.com/x"] } }),
      del(
        `crds/widgets.${GROUP}`,
        ok({
          kind: "CustomResourceDefinition",
          metadata: { finalizers: ["customresourcecleanup.apiextensions.k8s.io"] },
        }),
      ),
      ...eventually(get(`${WIDGETS}/a`, ok({ metadata: { deletionTimestamp: expect.any(String) } }))),
      merge(`${WIDGETS}/a`, { metadata: { finalizers: null } }),
      ...eventually(
        get(`crds/widgets.${GROUP}`, { status: 404 }),
        get(WIDGETS, { status: 404, text: "404 page not found\n" }),
      ),
    ],
  },
];
