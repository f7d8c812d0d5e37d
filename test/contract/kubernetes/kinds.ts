import { expect } from "vitest";
import { named, pod, statefulSet } from "./objects.ts";
import { quota } from "./quota-steps.ts";
import { created, del, eventually, fails, get, invalid, merge, ok, post, type Row } from "./step.ts";

/** What is filled in and checked of each kind; discovery. */
export const KINDS: Row[] = [
  {
    title: "text of a secret is encoded",
    steps: [
      post("secrets", named("a", { stringData: { x: "y" } }), {
        status: 201,
        body: { type: "Opaque", data: { x: "eQ==" } },
        absent: ["stringData"],
      }),
    ],
  },
  {
    title: "a pod is filled in",
    steps: [
      post(
        "pods",
        pod("a", { nodeSelector: { nowhere: "true" } }),
        created({
          spec: {
            restartPolicy: "Always",
            terminationGracePeriodSeconds: 30,
            dnsPolicy: "ClusterFirst",
            serviceAccountName: "default",
            schedulerName: "default-scheduler",
            priority: 0,
            enableServiceLinks: true,
            containers: [{ imagePullPolicy: "IfNotPresent", terminationMessagePath: "/dev/termination-log" }],
            tolerations: [{ key: "node.kubernetes.io/not-ready" }, { key: "node.kubernetes.io/unreachable" }],
          },
          status: { phase: "Pending", qosClass: "BestEffort" },
        }),
      ),
    ],
  },
  {
    title: "quantities are written canonically",
    steps: [
      post(
        "pods",
        pod("a", {
          nodeSelector: { nowhere: "true" },
          containers: [
            {
              name: "main",
              image: "a",
              resources: { limits: { cpu: "0.5", memory: "1024Mi" }, requests: { cpu: 0.25 } },
            },
          ],
        }),
        created({
          spec: {
            containers: [
              {
                imagePullPolicy: "Always",
                resources: { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "250m", memory: "1Gi" } },
              },
            ],
          },
          status: { qosClass: "Burstable" },
        }),
      ),
    ],
  },
  {
    title: "a pod without containers is invalid",
    steps: [
      post(
        "pods",
        named("a"),
        invalid('Pod "a" is invalid: spec.containers: Required value', ["spec.containers: FieldValueRequired"]),
      ),
    ],
  },
  {
    title: "every problem of a pod is named",
    steps: [
      post(
        "pods",
        pod("a", {
          restartPolicy: "X",
          containers: [{ name: "a", image: "x", ports: [{ containerPort: 99999 }] }, { name: "a" }],
        }),
        invalid('spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"', [
          "spec.containers[0].ports[0].containerPort: FieldValueInvalid",
          "spec.containers[1].image: FieldValueRequired",
          "spec.containers[1].name: FieldValueDuplicate",
          "spec.restartPolicy: FieldValueNotSupported",
        ]),
      ),
    ],
  },
  {
    title: "a pod stays what it is but for its image",
    steps: [
      post("pods", pod("a", { nodeSelector: { nowhere: "true" } })),
      merge(
        "pods/a",
        { spec: { hostname: "b" } },
        invalid("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"),
      ),
      merge("pods/a", { spec: { containers: null } }, { status: 422 }),
    ],
  },
  {
    title: "a service gets an address, a headless one none",
    steps: [
      post(
        "svc",
        named("a", { spec: { ports: [{ port: 80 }] } }),
        created({
          spec: {
            type: "ClusterIP",
            clusterIP: expect.stringMatching(/^172\.20\./),
            ports: [{ port: 80, targetPort: 80, protocol: "TCP" }],
          },
        }),
      ),
      post("svc", named("b", { spec: { clusterIP: "None" } }), created({ spec: { clusterIP: "None" } })),
    ],
  },
  {
    title: "a namespace is active, gets a service account and a CA bundle",
    steps: [
      post(
        "ns",
        named("{ns}-more"),
        created({
          metadata: { labels: { "kubernetes.io/metadata.name": "{ns}-more" } },
          spec: { finalizers: ["kubernetes"] },
          status: { phase: "Active" },
        }),
      ),
      ...eventually(
        get("/api/v1/namespaces/{ns}-more/serviceaccounts/default"),
        get("/api/v1/namespaces/{ns}-more/configmaps/kube-root-ca.crt"),
      ),
    ],
  },
  {
    title: "a quota refuses one pod too many",
    steps: [
      ...quota({ "count/pods": "1" }),
      get("quotas/q", ok({ status: { used: { "count/pods": "0" } } })),
      post("pods", pod("a", { nodeSelector: { nowhere: "true" } })),
      post(
        "pods",
        pod("b"),
        fails(
          403,
          "Forbidden",
          'pods "b" is forbidden: exceeded quota: q, requested: count/pods=1, used: count/pods=1, limited: count/pods=1',
        ),
      ),
      del("pods/a"),
      ...eventually(
        get("quotas/q", ok({ status: { used: { "count/pods": "0" } } })),
        post("pods", pod("b", { nodeSelector: { nowhere: "true" } })),
      ),
    ],
  },
  {
    title: "a pod needs its service account",
    steps: [
      post(
        "pods",
        pod("a", { serviceAccountName: "nobody" }),
        fails(
          403,
          "Forbidden",
          'pods "a" is forbidden: error looking up service account {ns}/nobody: serviceaccount "nobody" not found',
        ),
      ),
    ],
  },
  {
    title: "a claim is bound to a volume",
    steps: [
      post(
        "claims",
        named("a", { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } }),
        created({ spec: { storageClassName: "gp3", volumeMode: "Filesystem" }, status: { phase: "Pending" } }),
      ),
      ...eventually(
        get(
          "claims/a",
          ok({
            spec: { volumeName: expect.stringMatching(/^pvc-/) },
            status: { phase: "Bound", capacity: { storage: "1Gi" } },
          }),
        ),
      ),
    ],
  },
  {
    title: "a deployment is filled in",
    steps: [
      post(
        "deploy",
        named("d", {
          spec: {
            replicas: 0,
            selector: { matchLabels: { a: "b" } },
            template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "a", image: "x" }] } },
          },
        }),
        created({
          metadata: { generation: 1 },
          spec: {
            replicas: 0,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
            revisionHistoryLimit: 10,
            progressDeadlineSeconds: 600,
          },
        }),
      ),
    ],
  },
  {
    title: "a StatefulSet without anything is explained",
    steps: [
      post(
        "sts",
        named("t"),
        invalid(
          'StatefulSet.apps "t" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]',
        ),
      ),
    ],
  },
  {
    title: "health and version are open to everybody",
    steps: [
      get("/readyz", { status: 200, text: "ok" }, { as: "" }),
      get("/version", ok({ major: "1", minor: "35", gitVersion: "v1.35.4" }), { as: "" }),
    ],
  },
  {
    title: "discovery lists resources with their verbs",
    steps: [
      get(
        "/apis/apps/v1",
        ok({
          kind: "APIResourceList",
          groupVersion: "apps/v1",
          resources: expect.arrayContaining([
            expect.objectContaining({
              name: "statefulsets",
              kind: "StatefulSet",
              namespaced: true,
              singularName: "statefulset",
              shortNames: ["sts"],
            }),
            expect.objectContaining({ name: "statefulsets/scale", group: "autoscaling", kind: "Scale" }),
          ]),
        }),
      ),
      get("/api", ok({ kind: "APIVersions", versions: ["v1"] })),
      get("/apis/apps", ok({ kind: "APIGroup", preferredVersion: { groupVersion: "apps/v1", version: "v1" } })),
    ],
  },
  {
    title: "discovery comes in one document",
    steps: [
      get(
        "/apis",
        ok({
          kind: "APIGroupDiscoveryList",
          items: expect.arrayContaining([
            expect.objectContaining({ metadata: expect.objectContaining({ name: "apps" }) }),
          ]),
        }),
        { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json" },
      ),
      get("/apis", ok({ kind: "APIGroupList" })),
    ],
  },
  {
    title: "generation counts changes of the spec",
    steps: [
      post("sts", statefulSet("s", { replicas: 0 }), created({ metadata: { generation: 1 } })),
      merge("sts/s", { metadata: { labels: { a: "b" } } }, ok({ metadata: { generation: 1 } })),
      merge("sts/s", { spec: { replicas: 0, minReadySeconds: 5 } }, ok({ metadata: { generation: 2 } })),
      merge("sts/s", { status: { replicas: 9 } }, ok({ metadata: { generation: 2 }, status: { replicas: 0 } })),
    ],
  },
];
