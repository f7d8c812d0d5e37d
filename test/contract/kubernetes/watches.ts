import { expect } from "vitest";
import { labelled, named, pod } from "./objects.ts";
import { del, eventually, fails, get, invalid, merge, now, ok, post, type Row, SINCE, watch } from "./step.ts";

const mine = "fieldSelector=metadata.name!=kube-root-ca.crt";
/** Watches: what they begin with, what they tell, when they end. */
export const WATCHES: Row[] = [
  {
    title: "without a version a watch begins with what is there",
    steps: [post("cm", named("a")), post("cm", named("b")), watch(`cm?${mine}`, ["ADDED", "a"], ["ADDED", "b"])],
  },
  {
    title: "from a version on a watch tells every change in order",
    steps: [
      now(),
      post("cm", named("a")),
      merge("cm/a", { data: { x: "1" } }),
      del("cm/a"),
      watch(
        `cm?${SINCE}`,
        ["ADDED", "a"],
        ["MODIFIED", "a", { data: { x: "1" } }],
        ["DELETED", "a", { data: { x: "1" } }],
      ),
    ],
  },
  {
    title: "versions of events grow, also that of a delete",
    steps: [
      post("cm", named("a"), undefined, { keep: "a" }),
      now(),
      del("cm/a"),
      watch(`cm?${SINCE}`, [
        "DELETED",
        "a",
        { metadata: { name: "a", uid: "{a.metadata.uid}", resourceVersion: expect.stringMatching(/^\d+$/) } },
      ]),
    ],
  },
  {
    title: "objects of events have their kind",
    steps: [
      now(),
      post("cm", named("a")),
      watch(`cm?${SINCE}`, ["ADDED", "a", { kind: "ConfigMap", apiVersion: "v1" }]),
    ],
  },
  {
    title: "a watch of all namespaces can be limited to one",
    steps: [
      now(),
      post("cm", named("a")),
      watch(`/api/v1/configmaps?${SINCE}&fieldSelector=metadata.namespace={ns}`, ["ADDED", "a"]),
    ],
  },
  {
    title: "with labels an object comes and goes as it is selected",
    steps: [
      now(),
      post("cm", labelled("a", { in: "0" })),
      merge("cm/a", { metadata: { labels: { in: "1" } } }),
      merge("cm/a", { data: { x: "1" } }),
      merge("cm/a", { metadata: { labels: { in: "2" } } }, ok(), { keep: "left" }),
      merge("cm/a", { data: { x: "2" } }),
      watch(
        `cm?${SINCE}&labelSelector=in=1`,
        ["ADDED", "a"],
        ["MODIFIED", "a"],
        [
          "DELETED",
          "a",
          { metadata: { name: "a", labels: { in: "1" }, resourceVersion: "{left.metadata.resourceVersion}" } },
        ],
      ),
    ],
  },
  {
    title: "with fields only the named object is told",
    steps: [
      now(),
      post("cm", named("a")),
      post("cm", named("b")),
      del("cm/a"),
      watch(`cm?${SINCE}&fieldSelector=metadata.name=b`, ["ADDED", "b"]),
    ],
  },
  {
    title: "a deleted object that was not selected is not told",
    steps: [post("cm", labelled("a", { in: "0" })), now(), del("cm/a"), watch(`cm?${SINCE}&labelSelector=in=1`)],
  },
  {
    title: "a write that changes nothing is no event",
    steps: [
      post("cm", named("a", { data: { x: "1" } })),
      now(),
      merge("cm/a", { data: { x: "1" } }),
      watch(`cm?${SINCE}`),
    ],
  },
  {
    title: "a finalizer makes a delete two events",
    steps: [
      post("cm", { metadata: { name: "a", finalizers: ["a.example.com/x"] } }),
      now(),
      del("cm/a"),
      merge("cm/a", { metadata: { finalizers: null } }),
      watch(
        `cm?${SINCE}`,
        ["MODIFIED", "a", { metadata: { deletionTimestamp: expect.any(String) } }],
        ["DELETED", "a"],
      ),
    ],
  },
  {
    title: "other kinds and namespaces are not told",
    steps: [
      now(),
      post("secrets", named("a")),
      post("/api/v1/namespaces/default/configmaps", named("{ns}")),
      watch(`cm?${SINCE}`),
    ],
  },
  {
    title: "a version of the future brings nothing yet",
    steps: [post("cm", named("a")), watch("cm?resourceVersion=99999999")],
  },
  {
    title: "a version is a number",
    steps: [
      get("cm?watch=1&resourceVersion=abc", {
        status: 500,
        message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
      }),
    ],
  },
  {
    title: "a selector that cannot be read is refused",
    steps: [get("cm?watch=1&labelSelector=a%20in%20(", fails(400, "BadRequest", "unable to parse requirement"))],
  },
  {
    title: "a match needs initial events",
    steps: [
      get(
        "cm?watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
        invalid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
      ),
    ],
  },
  {
    title: "initial events end with a bookmark",
    steps: [
      post("cm", named("a")),
      {
        watch: `cm?${mine}&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
        events: [
          { type: "ADDED", object: { metadata: { name: "a" } } },
          {
            type: "BOOKMARK",
            object: {
              kind: "ConfigMap",
              metadata: { resourceVersion: expect.any(String), annotations: { "k8s.io/initial-events-end": "true" } },
            },
          },
        ],
        bookmarks: true,
      },
    ],
  },
  {
    title: "a watch can be in the path",
    steps: [now(), post("cm", named("a")), watch(`/api/v1/watch/namespaces/{ns}/configmaps?${SINCE}`, ["ADDED", "a"])],
  },
  {
    title: "the life of a pod is told step by step",
    steps: [
      now(),
      post("pods", pod("a", {}, { annotations: { "outrigger.dev/sim-ready-after": "20ms" } })),
      ...eventually(get("pods/a", ok({ status: { containerStatuses: [{ ready: true }] } }))),
      del("pods/a"),
      ...eventually(get("pods/a", { status: 404 })),
      watch(
        `pods?${SINCE}`,
        ["ADDED", "a", { status: { phase: "Pending" } }],
        ["MODIFIED", "a", { spec: { nodeName: expect.any(String) } }],
        ["MODIFIED", "a", { status: { phase: "Running" } }],
        ["MODIFIED", "a", { status: { containerStatuses: [{ ready: true }] } }],
        ["MODIFIED", "a", { metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30 } }],
        ["MODIFIED", "a", { metadata: { deletionGracePeriodSeconds: 0 } }],
        ["DELETED", "a"],
      ),
    ],
  },
];
