import { expect } from "vitest";
import { del, eventually, get, invalid, merge, ok, post, type Row, watch } from "./step.ts";
import { GROUP, install, WIDGETS, widget } from "./widgets.ts";

/** Definitions: tables, watches, changes, their end. */
export const DEFINITIONS: Row[] = [
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
