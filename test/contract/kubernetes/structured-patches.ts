import { labelled, named, pod, statefulSet, waitingPod } from "./objects.ts";
import { FORCED } from "./patch-objects.ts";
import { apply, created, get, invalid, jsonPatch, merge, ok, post, put, type Row, strategic } from "./step.ts";

/** Strategic merge patches, subresources, apply. */
export const STRUCTURED_PATCHES: Row[] = [
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
