import { labelled, named, pod, statefulSet, waitingPod } from "./objects.ts";
import {
  apply,
  conflict,
  created,
  fails,
  get,
  invalid,
  jsonPatch,
  merge,
  notFound,
  ok,
  post,
  put,
  type Row,
  strategic,
} from "./step.ts";

const REJECTED = "the server rejected our request due to an error in our request";
const three = named("a", { data: { x: "1", y: "2", z: "3" } });
const FORCED = "?fieldManager=contract&force=true";

/** Merge, JSON and strategic merge patches; the scale and status subresources; apply. */
export const PATCHES: Row[] = [
  {
    title: "a merge patch sets, keeps and removes",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { data: { x: "9", y: null, w: "0" } },
        { status: 200, body: { data: { x: "9", z: "3", w: "0" } }, absent: ["data.y"] },
      ),
    ],
  },
  {
    title: "a merge patch replaces lists",
    steps: [
      post("pods", waitingPod("a", { finalizers: ["a.example.com/x", "b.example.com/x"] })),
      merge(
        "pods/a",
        { metadata: { finalizers: ["c.example.com/x"] } },
        ok({ metadata: { finalizers: ["c.example.com/x"] } }),
      ),
    ],
  },
  {
    title: "a merge patch with the current version passes, with an old one it conflicts",
    steps: [
      post("cm", three, undefined, { keep: "a" }),
      merge("cm/a", { metadata: { resourceVersion: "{a.metadata.resourceVersion}" }, data: { x: "2" } }),
      merge(
        "cm/a",
        { metadata: { resourceVersion: "{a.metadata.resourceVersion}" }, data: { x: "3" } },
        conflict('configmaps "a": the object has been modified'),
      ),
    ],
  },
  {
    title: "a merge patch may not change the UID",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { metadata: { uid: "1" } },
        invalid('ConfigMap "a" is invalid: metadata.uid: Invalid value: "1": field is immutable', [
          "metadata.uid: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "a merge patch may not change the name",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { metadata: { name: "b" } },
        fails(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
      ),
    ],
  },
  {
    title: "a merge patch with a wrong type is invalid",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        { data: { x: 5 } },
        invalid("json: cannot unmarshal number into Go struct field ConfigMap.data of type string", [
          "patch: FieldValueInvalid",
        ]),
      ),
    ],
  },
  {
    title: "a merge patch is an object",
    steps: [
      post("cm", three),
      merge(
        "cm/a",
        [1],
        fails(
          400,
          "BadRequest",
          "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
      ),
    ],
  },
  {
    title: "a patch of an absent object is not found",
    steps: [merge("cm/zz", {}, notFound('configmaps "zz" not found'))],
  },
  {
    title: "an empty patch keeps the version",
    steps: [
      post("cm", three, undefined, { keep: "a" }),
      merge("cm/a", {}, ok({ metadata: { resourceVersion: "{a.metadata.resourceVersion}" } })),
    ],
  },
  {
    title: "a patch in a dry run leaves nothing",
    steps: [
      post("cm", three),
      merge("cm/a?dryRun=All", { data: { x: "9" } }, ok({ data: { x: "9" } })),
      get("cm/a", ok({ data: { x: "1" } })),
    ],
  },
  {
    title: "a patch has a media type of its own",
    steps: [
      post("cm", three),
      merge("cm/a", {}, fails(415, "UnsupportedMediaType", ""), { contentType: "application/json" }),
    ],
  },
  {
    title: "a JSON patch adds, replaces, removes, copies and moves",
    steps: [
      post("cm", three),
      jsonPatch(
        "cm/a",
        [
          { op: "test", path: "/data/x", value: "1" },
          { op: "replace", path: "/data/x", value: "9" },
          { op: "remove", path: "/data/y" },
          { op: "add", path: "/data/w", value: "0" },
          { op: "copy", from: "/data/w", path: "/data/v" },
          { op: "move", from: "/data/z", path: "/data/u" },
        ],
        { status: 200, body: { data: { x: "9", w: "0", v: "0", u: "3" } }, absent: ["data.y", "data.z"] },
      ),
    ],
  },
  {
    title: "a JSON patch escapes slashes and tildes",
    steps: [
      post("cm", labelled("a", { "a.example.com/b": "1" })),
      jsonPatch(
        "cm/a",
        [{ op: "replace", path: "/metadata/labels/a.example.com~1b", value: "2" }],
        ok({ metadata: { labels: { "a.example.com/b": "2" } } }),
      ),
    ],
  },
  {
    title: "a JSON patch puts into lists by place",
    steps: [
      post("cm", { metadata: { name: "a", finalizers: ["a.example.com/x"] } }),
      jsonPatch(
        "cm/a",
        [
          { op: "add", path: "/metadata/finalizers/0", value: "b.example.com/x" },
          { op: "add", path: "/metadata/finalizers/-", value: "c.example.com/x" },
        ],
        ok({ metadata: { finalizers: ["b.example.com/x", "a.example.com/x", "c.example.com/x"] } }),
      ),
    ],
  },
  {
    title: "a JSON patch whose test fails changes nothing",
    steps: [
      post("cm", three),
      jsonPatch(
        "cm/a",
        [
          { op: "replace", path: "/data/x", value: "9" },
          { op: "test", path: "/data/y", value: "no" },
        ],
        invalid(REJECTED),
      ),
      get("cm/a", ok({ data: { x: "1" } })),
    ],
  },
  {
    title: "a JSON patch cannot remove what is not there",
    steps: [post("cm", three), jsonPatch("cm/a", [{ op: "remove", path: "/data/none" }], invalid(REJECTED))],
  },
  {
    title: "a JSON patch knows its operations",
    steps: [post("cm", three), jsonPatch("cm/a", [{ op: "bad", path: "/data/x" }], invalid(REJECTED))],
  },
  {
    title: "a JSON patch is a list",
    steps: [
      post("cm", three),
      jsonPatch(
        "cm/a",
        { a: 1 },
        fails(
          400,
          "BadRequest",
          "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
      ),
    ],
  },
  {
    title: "a strategic patch merges containers by name",
    steps: [
      post("sts", statefulSet("s", { replicas: 0 })),
      strategic(
        "sts/s",
        {
          spec: {
            template: {
              spec: {
                containers: [
                  { name: "side", image: "side:1" },
                  { name: "main", image: "main:2" },
                ],
              },
            },
          },
        },
        ok({
          spec: {
            template: {
              spec: {
                containers: [
                  { name: "side", image: "side:1" },
                  { name: "main", image: "main:2" },
                ],
              },
            },
          },
        }),
        { keep: "s" },
      ),
    ],
  },
  {
    title: "a strategic patch deletes a container",
    steps: [
      post(
        "sts",
        statefulSet("s", {
          replicas: 0,
          template: {
            metadata: { labels: { app: "s" } },
            spec: {
              containers: [
                { name: "a", image: "a" },
                { name: "b", image: "b" },
              ],
            },
          },
        }),
      ),
      strategic(
        "sts/s",
        { spec: { template: { spec: { containers: [{ name: "a", $patch: "delete" }] } } } },
        { status: 200, body: { spec: { template: { spec: { containers: [{ name: "b" }] } } } } },
      ),
    ],
  },
  {
    title: "a strategic patch merges variables and adds finalizers",
    steps: [
      post(
        "sts",
        statefulSet("s", {
          replicas: 0,
          template: {
            metadata: { labels: { app: "s" } },
            spec: {
              containers: [
                {
                  name: "a",
                  image: "a",
                  env: [
                    { name: "X", value: "1" },
                    { name: "Y", value: "2" },
                  ],
                },
              ],
            },
          },
        }),
      ),
      strategic(
        "sts/s",
        {
          metadata: { finalizers: ["a.example.com/x"] },
          spec: { template: { spec: { containers: [{ name: "a", env: [{ name: "Y", value: "3" }] }] } } },
        },
        ok({
          metadata: { finalizers: ["a.example.com/x"] },
          spec: {
            template: {
              spec: {
                containers: [
                  {
                    env: [
                      { name: "X", value: "1" },
                      { name: "Y", value: "3" },
                    ],
                  },
                ],
              },
            },
          },
        }),
      ),
      strategic(
        "sts/s",
        { metadata: { finalizers: ["b.example.com/x"] } },
        ok({ metadata: { finalizers: ["b.example.com/x", "a.example.com/x"] } }),
      ),
    ],
  },
  {
    title: "a strategic patch removes fields by null and replaces on request",
    steps: [
      post("cm", labelled("a", { x: "1", y: "2" })),
      strategic("cm/a", { metadata: { labels: { x: null } } }, { status: 200, absent: ["metadata.labels.x"] }),
      strategic(
        "cm/a",
        { metadata: { labels: { $patch: "replace", z: "3" } } },
        { status: 200, body: { metadata: { labels: { z: "3" } } }, absent: ["metadata.labels.y"] },
      ),
    ],
  },
  {
    title: "scale is read, replaced and patched",
    steps: [
      post("sts", statefulSet("s", { replicas: 0 })),
      get(
        "sts/s/scale",
        ok({ kind: "Scale", apiVersion: "autoscaling/v1", metadata: { name: "s" }, status: { selector: "app=s" } }),
      ),
      put(
        "sts/s/scale",
        { metadata: { name: "s", namespace: "{ns}" }, spec: { replicas: 1 } },
        ok({ spec: { replicas: 1 } }),
      ),
      merge("sts/s/scale", { spec: { replicas: 2 } }, ok({ spec: { replicas: 2 } })),
      get("sts/s", ok({ metadata: { generation: 3 }, spec: { replicas: 2 } })),
    ],
  },
  {
    title: "scale is not negative",
    steps: [
      post("sts", statefulSet("s", { replicas: 0 })),
      merge(
        "sts/s/scale",
        { spec: { replicas: -3 } },
        invalid(
          'Scale.autoscaling "s" is invalid: spec.replicas: Invalid value: -3: must be greater than or equal to 0',
        ),
      ),
    ],
  },
  {
    title: "status is changed by itself, without the spec",
    steps: [
      post("pods", waitingPod("a")),
      merge(
        "pods/a/status",
        { spec: { hostname: "x" }, status: { reason: "Because" } },
        { status: 200, body: { status: { reason: "Because" } }, absent: ["spec.hostname"] },
      ),
      merge("pods/a", { status: { reason: "No" } }, ok({ status: { reason: "Because" } })),
    ],
  },
  {
    title: "apply creates, then changes, then drops what it left out",
    steps: [
      apply(
        `cm/a${FORCED}`,
        named("a", { apiVersion: "v1", kind: "ConfigMap", data: { x: "1", y: "2" } }),
        created({ data: { x: "1", y: "2" } }),
      ),
      merge("cm/a", { data: { other: "0" } }),
      apply(`cm/a${FORCED}`, named("a", { apiVersion: "v1", kind: "ConfigMap", data: { x: "9" } }), {
        status: 200,
        body: { data: { x: "9", other: "0" } },
        absent: ["data.y"],
      }),
    ],
  },
  {
    title: "apply replaces the rules of a role",
    steps: [
      apply(
        `roles/r${FORCED}`,
        {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "Role",
          metadata: { name: "r" },
          rules: [
            { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
            { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
          ],
        },
        { status: 201 },
      ),
      apply(
        `roles/r${FORCED}`,
        {
          apiVersion: "rbac.authorization.k8s.io/v1",
          kind: "Role",
          metadata: { name: "r" },
          rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }],
        },
        ok({ rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }] }),
      ),
    ],
  },
  {
    title: "apply needs a field manager",
    steps: [
      apply(
        "cm/a?force=true",
        named("a", { apiVersion: "v1", kind: "ConfigMap" }),
        invalid("fieldManager: Required value: is required for apply patch"),
      ),
    ],
  },
  {
    title: "an update may change a pod's image",
    steps: [
      post("pods", pod("a", { nodeSelector: { nowhere: "true" } })),
      jsonPatch(
        "pods/a",
        [{ op: "replace", path: "/spec/containers/0/image", value: "x:2" }],
        ok({ metadata: { generation: 2 }, spec: { containers: [{ image: "x:2" }] } }),
      ),
    ],
  },
];
