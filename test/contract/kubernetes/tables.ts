import { expect } from "vitest";
import { METADATA, many, mine, TABLE } from "./list-steps.ts";
import { named, pod } from "./objects.ts";
import { eventually, get, post, type Row } from "./step.ts";

/** Lists as tables and as metadata. */
export const TABLES: Row[] = [
  {
    title: "metadata alone",
    steps: [
      ...many("a"),
      get(
        `cm?${mine}`,
        {
          status: 200,
          body: {
            kind: "PartialObjectMetadataList",
            apiVersion: "meta.k8s.io/v1",
            items: [{ kind: "PartialObjectMetadata", metadata: { name: "a", labels: { which: "a" } } }],
          },
          absent: ["items.0.data"],
        },
        METADATA,
      ),
      get(
        "cm/a",
        { status: 200, body: { kind: "PartialObjectMetadata" } },
        { accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
      ),
    ],
  },
  {
    title: "a table of config maps",
    steps: [
      post("cm", named("a", { data: { x: "1", y: "2" } })),
      get(
        `cm?${mine}`,
        {
          status: 200,
          body: {
            kind: "Table",
            columnDefinitions: [{ name: "Name", format: "name" }, { name: "Data" }, { name: "Age" }],
            rows: [
              {
                cells: ["a", 2, expect.stringMatching(/^\d+s$/)],
                object: { kind: "PartialObjectMetadata", metadata: { name: "a" } },
              },
            ],
          },
        },
        TABLE,
      ),
    ],
  },
  {
    title: "a table of pods",
    steps: [
      post("pods", pod("a")),
      ...eventually(
        get(
          "pods",
          {
            status: 200,
            body: {
              columnDefinitions: [
                "Name",
                "Ready",
                "Status",
                "Restarts",
                "Age",
                "IP",
                "Node",
                "Nominated Node",
                "Readiness Gates",
              ].map((name) => ({ name })),
              rows: [
                {
                  cells: [
                    "a",
                    "1/1",
                    "Running",
                    "0",
                    expect.any(String),
                    expect.stringMatching(/^10\./),
                    expect.stringMatching(/^ip-/),
                    "<none>",
                    "<none>",
                  ],
                },
              ],
            },
          },
          TABLE,
        ),
      ),
    ],
  },
  {
    title: "a table of nodes",
    steps: [
      get(
        "nodes?limit=1",
        {
          status: 200,
          body: {
            columnDefinitions: ["Name", "Status", "Roles", "Age", "Version"]
              .map((name) => ({ name, priority: 0 }))
              .concat(
                ["Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"].map((name) => ({
                  name,
                  priority: 1,
                })),
              ),
            rows: [
              {
                cells: [
                  expect.stringMatching(/^ip-/),
                  "Ready",
                  "<none>",
                  expect.any(String),
                  "v1.35.4",
                  "10.0.0.1",
                  "<none>",
                  "simulated",
                  "simulated",
                  expect.any(String),
                ],
              },
            ],
          },
        },
        TABLE,
      ),
    ],
  },
  {
    title: "a table takes whole objects along when asked",
    steps: [
      post("cm", named("a", { data: { x: "1" } })),
      get(
        `cm?${mine}&includeObject=Object`,
        { status: 200, body: { rows: [{ object: { kind: "ConfigMap", data: { x: "1" } } }] } },
        TABLE,
      ),
      get(
        `cm?${mine}&includeObject=None`,
        { status: 200, body: { rows: [{ cells: ["a", 1, expect.any(String)] }] } },
        TABLE,
      ),
    ],
  },
];
