import { expect } from "vitest";
import { eventually, fails, get, invalid, merge, notFound, ok, post, put, type Row, strategic } from "./step.ts";
import { bad, definition, GROUP, install, WIDGETS, widget } from "./widgets.ts";

/** Custom resources and their schema. */
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
];
