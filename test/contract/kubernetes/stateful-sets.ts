import { expect } from "vitest";
import { newImage, pod, statefulSet } from "./objects.ts";
import { type Answer, del, eventually, get, invalid, merge, ok, post, type Row, type Step } from "./step.ts";

const rolling = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } } };
const ordered = { podManagementPolicy: "OrderedReady" };
const template = (annotations: object, image = "registry.example.com/app:1"): object => ({
  template: { metadata: { labels: { app: "s" }, annotations }, spec: { containers: [{ name: "main", image }] } },
});
const neverReady = template({ "outrigger.dev/sim-behaviour": "never-ready" });
const slowEnd = template({ "outrigger.dev/sim-terminate-after": "60s" });
const OLD = "registry.example.com/app:1";
const NEW = "registry.example.com/app:2";

const status = (expected: object, keep?: string): Step[] =>
  eventually(get("sts/s", ok({ status: expected }), keep === undefined ? {} : { keep }));
const settled = (replicas: number, keep?: string): Step[] =>
  status(
    { replicas, readyReplicas: replicas, availableReplicas: replicas, observedGeneration: expect.any(Number) },
    keep,
  );
const image = (name: string, wanted: string): Step =>
  get(`pods/${name}`, ok({ spec: { containers: [{ image: wanted }] }, status: { phase: "Running" } }));
const names = (...wanted: string[]): Step => get("pods", { status: 200, names: wanted });
const start = (spec: object): Step => post("sts", statefulSet("s", spec), undefined, { keep: "set" });
/** Another pod than the one kept as `old`. */
const renewed = (body: object): Answer => ({ status: 200, body, unlike: { "metadata.uid": "{old.metadata.uid}" } });
/** Gives the controllers time to do what they should not. */
const meanwhile: Step = get("pods?timeoutSeconds=1&watch=1&resourceVersion=99999999");

/** The StatefulSet controller, seen from outside. */
export const STATEFUL_SETS: Row[] = [
  {
    title: "a set is filled in",
    steps: [
      post(
        "sts",
        { metadata: { name: "s" }, spec: { selector: { matchLabels: { app: "s" } }, replicas: 0, ...template({}) } },
        {
          status: 201,
          body: {
            metadata: { generation: 1 },
            spec: {
              replicas: 0,
              serviceName: "",
              podManagementPolicy: "OrderedReady",
              revisionHistoryLimit: 10,
              updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
              persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            },
            status: { replicas: 0, availableReplicas: 0 },
          },
        },
      ),
    ],
  },
  {
    title: "pods have names, labels, host names and an owner",
    steps: [
      start({ replicas: 2 }),
      ...settled(2),
      get(
        "pods/s-1",
        ok({
          metadata: {
            generateName: "s-",
            labels: { app: "s", "apps.kubernetes.io/pod-index": "1", "statefulset.kubernetes.io/pod-name": "s-1" },
            ownerReferences: [
              {
                apiVersion: "apps/v1",
                kind: "StatefulSet",
                name: "s",
                uid: "{set.metadata.uid}",
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          },
          spec: { hostname: "s-1", subdomain: "s" },
        }),
      ),
    ],
  },
  {
    title: "the revision is named after its content",
    steps: [
      post("sts", {
        metadata: { name: "s" },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: "s" } },
          template: { metadata: { labels: { app: "s" } }, spec: { containers: [{ name: "m", image: "i:1" }] } },
        },
      }),
      ...status({ currentRevision: "s-6bd4b485dc", updateRevision: "s-6bd4b485dc", collisionCount: 0 }),
      get(
        "revisions/s-6bd4b485dc",
        ok({
          revision: 1,
          metadata: {
            labels: { app: "s", "controller.kubernetes.io/hash": "6bd4b485dc" },
            ownerReferences: [{ kind: "StatefulSet", name: "s" }],
          },
          data: { spec: { template: { $patch: "replace", spec: { containers: [{ image: "i:1" }] } } } },
        }),
      ),
    ],
  },
  {
    title: "odd characters hash as in Go",
    steps: [
      post("sts", {
        metadata: { name: "cr" },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: "cr" } },
          template: {
            metadata: { labels: { app: "cr" }, annotations: { a: "<&>" } },
            spec: { containers: [{ name: "m", image: "i:1", env: [{ name: "A", value: "é\u2028<" }] }] },
          },
        },
      }),
      ...eventually(get("revisions/cr-fdf9b99f9")),
    ],
  },
  {
    title: "every kind of pod field hashes as in Go",
    steps: [
      post("sts", {
        metadata: { name: "big" },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: "big" } },
          template: {
            metadata: { labels: { app: "big" } },
            spec: {
              terminationGracePeriodSeconds: 5,
              nodeSelector: { "topology.kubernetes.io/zone": "us-east-1a" },
              tolerations: [{ operator: "Exists" }],
              securityContext: { runAsUser: 1000 },
              affinity: {
                podAntiAffinity: {
                  preferredDuringSchedulingIgnoredDuringExecution: [
                    {
                      weight: 1,
                      podAffinityTerm: {
                        topologyKey: "kubernetes.io/hostname",
                        labelSelector: { matchLabels: { app: "big" } },
                      },
                    },
                  ],
                },
              },
              volumes: [
                { name: "e", emptyDir: {} },
                { name: "c", configMap: { name: "x", items: [{ key: "a", path: "b" }] } },
                { name: "s", secret: { secretName: "y", optional: true } },
              ],
              initContainers: [{ name: "i", image: "i", command: ["true"] }],
              containers: [
                {
                  name: "m",
                  image: "i:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                  args: ["-a", ""],
                  ports: [{ name: "http", containerPort: 80 }],
                  env: [
                    { name: "A", value: "" },
                    { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                    { name: "C", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
                  ],
                  envFrom: [{ configMapRef: { name: "x" } }],
                  resources: { limits: { cpu: "0.5", memory: "1Gi" }, requests: { cpu: "100m" } },
                  volumeMounts: [{ name: "e", mountPath: "/e", readOnly: false }],
                  readinessProbe: { httpGet: { port: "http" } },
                  livenessProbe: { tcpSocket: { port: 80 }, initialDelaySeconds: 0 },
                  lifecycle: { preStop: { exec: { command: ["sleep", "1"] } } },
                  securityContext: { readOnlyRootFilesystem: true },
                },
              ],
            },
          },
        },
      }),
      ...eventually(get("revisions", { status: 200, names: ["big-7cbc987d97"] })),
    ],
  },
  {
    title: "in order each pod waits for the one before",
    steps: [
      start({ replicas: 3, ...ordered, ...neverReady }),
      ...status({ replicas: 1, observedGeneration: 1 }),
      meanwhile,
      names("s-0"),
    ],
  },
  {
    title: "in order all come in the end",
    steps: [start({ replicas: 3, ...ordered }), ...settled(3), names("s-0", "s-1", "s-2")],
  },
  {
    title: "in parallel nobody waits",
    steps: [
      start({ replicas: 3, ...neverReady }),
      ...status({ replicas: 3, currentReplicas: 3, updatedReplicas: 3 }),
      names("s-0", "s-1", "s-2"),
    ],
  },
  {
    title: "OnDelete changes no pod by itself",
    steps: [
      start({ replicas: 2 }),
      ...settled(2, "before"),
      merge("sts/s", newImage(), ok({ metadata: { generation: 2 } })),
      ...status(
        {
          observedGeneration: 2,
          currentRevision: "{before.status.currentRevision}",
          currentReplicas: 2,
          updateRevision: expect.stringMatching(/^s-/),
        },
        "after",
      ),
      meanwhile,
      image("s-0", OLD),
      image("s-1", OLD),
      get("sts/s", { status: 200, absent: ["status.updatedReplicas"] }),
    ],
  },
  {
    title: "OnDelete gives a deleted pod the new revision",
    steps: [
      start({ replicas: 2 }),
      ...settled(2),
      merge("sts/s", newImage()),
      ...status({ observedGeneration: 2 }, "after"),
      del("pods/s-1"),
      ...eventually(image("s-1", NEW)),
      image("s-0", OLD),
      ...status({ currentReplicas: 1, updatedReplicas: 1, readyReplicas: 2 }),
      get("pods/s-1", ok({ metadata: { labels: { "controller-revision-hash": "{after.status.updateRevision}" } } })),
    ],
  },
  {
    title: "OnDelete keeps the current revision when every pod is new",
    steps: [
      start({ replicas: 1 }),
      ...settled(1, "before"),
      merge("sts/s", newImage()),
      ...status({ observedGeneration: 2 }, "after"),
      del("pods/s-0"),
      ...eventually(image("s-0", NEW)),
      ...status({
        readyReplicas: 1,
        updatedReplicas: 1,
        currentRevision: "{before.status.currentRevision}",
        updateRevision: "{after.status.updateRevision}",
      }),
      get("sts/s", { status: 200, absent: ["status.currentReplicas"] }),
    ],
  },
  {
    title: "RollingUpdate brings all pods to the new revision",
    steps: [
      start({ replicas: 3, ...rolling }),
      ...settled(3),
      merge("sts/s", newImage()),
      ...status({ observedGeneration: 2, updatedReplicas: 3, readyReplicas: 3, currentReplicas: 3 }, "after"),
      get("sts/s", ok({ status: { currentRevision: "{after.status.updateRevision}" } })),
      image("s-0", NEW),
      image("s-2", NEW),
    ],
  },
  {
    title: "RollingUpdate begins at the end and waits",
    steps: [
      start({ replicas: 3, ...rolling }),
      ...settled(3),
      merge("sts/s", { spec: { ...template({ "outrigger.dev/sim-behaviour": "never-ready" }, NEW) } }),
      ...status({ observedGeneration: 2, updatedReplicas: 1, currentReplicas: 2, readyReplicas: 2, replicas: 3 }),
      meanwhile,
      image("s-2", NEW),
      image("s-1", OLD),
      image("s-0", OLD),
    ],
  },
  {
    title: "a partition is left alone",
    steps: [
      start({ replicas: 3, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } }),
      ...settled(3, "before"),
      merge("sts/s", newImage()),
      ...status({
        observedGeneration: 2,
        updatedReplicas: 1,
        currentReplicas: 2,
        readyReplicas: 3,
        currentRevision: "{before.status.currentRevision}",
      }),
      image("s-2", NEW),
      image("s-1", OLD),
    ],
  },
  {
    title: "a pod below the partition comes back as it was",
    steps: [
      start({ replicas: 2, updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } }),
      ...settled(2),
      merge("sts/s", newImage()),
      ...status({ observedGeneration: 2, updatedReplicas: 1, readyReplicas: 2 }),
      get("pods/s-0", ok(), { keep: "old" }),
      del("pods/s-0"),
      ...eventually(
        get(
          "pods/s-0",
          renewed({
            metadata: { labels: { "controller-revision-hash": "{old.metadata.labels.controller-revision-hash}" } },
            status: { phase: "Running" },
          }),
        ),
      ),
      image("s-0", OLD),
    ],
  },
  {
    title: "a template that comes back is an old revision, renumbered",
    steps: [
      start({ replicas: 1 }),
      ...settled(1, "first"),
      merge("sts/s", newImage(NEW)),
      ...status({ observedGeneration: 2 }, "second"),
      merge("sts/s", newImage(OLD)),
      ...status({ observedGeneration: 3, updateRevision: "{first.status.updateRevision}" }),
      get("revisions/{first.status.updateRevision}", ok({ revision: 3 })),
      get("revisions/{second.status.updateRevision}", ok({ revision: 2 })),
    ],
  },
  {
    title: "metadata of the set makes no revision",
    steps: [
      start({ replicas: 0 }),
      ...status({ observedGeneration: 1 }),
      merge("sts/s", { metadata: { labels: { x: "y" }, annotations: { x: "y" } } }),
      merge("sts/s", { spec: { replicas: 1 } }),
      ...settled(1),
      get("revisions", ok({ items: [{ revision: 1 }] })),
    ],
  },
  {
    title: "old revisions are forgotten beyond the limit",
    steps: [
      start({ replicas: 0, revisionHistoryLimit: 1, ...rolling }),
      ...status({ observedGeneration: 1 }),
      merge("sts/s", newImage("a:1")),
      ...status({ observedGeneration: 2 }),
      merge("sts/s", newImage("a:2")),
      ...status({ observedGeneration: 3 }),
      merge("sts/s", newImage("a:3")),
      ...status({ observedGeneration: 4 }),
      ...eventually(
        get("revisions", ok({ items: [{ revision: 3 }, { revision: 4 }].map(() => expect.anything() as unknown) })),
      ),
    ],
  },
  {
    title: "a set grows and shrinks",
    steps: [
      start({ replicas: 1 }),
      ...settled(1),
      merge("sts/s/scale", { spec: { replicas: 3 } }),
      ...settled(3),
      merge("sts/s/scale", { spec: { replicas: 1 } }),
      ...settled(1),
      ...eventually(names("s-0")),
    ],
  },
  {
    title: "in order a set shrinks one by one from the end",
    steps: [
      start({ replicas: 3, ...ordered, ...slowEnd }),
      ...settled(3),
      merge("sts/s", { spec: { replicas: 0 } }),
      ...eventually(get("pods/s-2", ok({ metadata: { deletionTimestamp: expect.any(String) } }))),
      meanwhile,
      get("pods/s-1", { status: 200, absent: ["metadata.deletionTimestamp"] }),
    ],
  },
  {
    title: "in parallel a set shrinks at once",
    steps: [
      start({ replicas: 3, ...slowEnd }),
      ...settled(3),
      merge("sts/s", { spec: { replicas: 1 } }),
      ...eventually(
        ...["s-1", "s-2"].map((name) =>
          get(`pods/${name}`, ok({ metadata: { deletionTimestamp: expect.any(String) } })),
        ),
      ),
      get("pods/s-0", { status: 200, absent: ["metadata.deletionTimestamp"] }),
    ],
  },
  {
    title: "a terminating pod counts as a replica, not as current",
    steps: [
      start({ replicas: 2, ...slowEnd }),
      ...settled(2),
      del("pods/s-1"),
      ...status({ replicas: 2, readyReplicas: 2, currentReplicas: 1, updatedReplicas: 1 }),
    ],
  },
  {
    title: "a deleted pod is made again under its name",
    steps: [
      start({ replicas: 2 }),
      ...settled(2),
      get("pods/s-1", ok(), { keep: "old" }),
      del("pods/s-1", ok(), { preconditions: { uid: "{old.metadata.uid}" } }),
      ...eventually(
        get(
          "pods/s-1",
          renewed({ metadata: { labels: { app: "s" } }, status: { containerStatuses: [{ ready: true }] } }),
        ),
      ),
      del("pods/s-1", { status: 409, reason: "Conflict" }, { preconditions: { uid: "{old.metadata.uid}" } }),
    ],
  },
  {
    title: "a ready pod is available only after a while",
    steps: [
      start({ replicas: 1, minReadySeconds: 3 }),
      ...status({ readyReplicas: 1, availableReplicas: 0 }),
      ...status({ readyReplicas: 1, availableReplicas: 1 }),
    ],
  },
  {
    title: "claims are made for each pod and stay",
    steps: [
      start({
        replicas: 2,
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      }),
      ...settled(2),
      get("claims", { status: 200, names: ["data-s-0", "data-s-1"] }),
      get(
        "pods/s-0",
        ok({
          spec: {
            volumes: expect.arrayContaining([{ name: "data", persistentVolumeClaim: { claimName: "data-s-0" } }]),
          },
        }),
      ),
      merge("sts/s", { spec: { replicas: 1 } }),
      ...settled(1),
      get("claims", { status: 200, names: ["data-s-0", "data-s-1"] }),
    ],
  },
  {
    title: "ordinals may begin later",
    steps: [start({ replicas: 2, ordinals: { start: 5 } }), ...settled(2), names("s-5", "s-6")],
  },
  {
    title: "a fitting orphan is adopted",
    steps: [
      post("pods", pod("s-0", {}, { labels: { app: "s" } })),
      start({ replicas: 1 }),
      ...eventually(
        get("pods/s-0", ok({ metadata: { ownerReferences: [{ kind: "StatefulSet", uid: "{set.metadata.uid}" }] } })),
      ),
    ],
  },
  {
    title: "a pod that no longer fits is let go and replaced under no other name",
    steps: [
      start({ replicas: 1 }),
      ...settled(1),
      merge("pods/s-0", { metadata: { labels: { app: "other" } } }),
      ...eventually(get("pods/s-0", { status: 200, absent: ["metadata.ownerReferences"] })),
      del("pods/s-0"),
      ...eventually(get("pods/s-0", ok({ metadata: { labels: { app: "s" } } }))),
    ],
  },
  {
    title: "pods and revisions go with their set",
    steps: [
      start({ replicas: 2 }),
      ...settled(2),
      del("sts/s", ok({ status: "Success" })),
      ...eventually(names(), get("revisions", { status: 200, names: [] })),
    ],
  },
  {
    title: "a set that is orphaned leaves its pods",
    steps: [
      start({ replicas: 1 }),
      ...settled(1),
      get("pods/s-0", ok(), { keep: "pod" }),
      del("sts/s", ok(), { propagationPolicy: "Orphan" }),
      ...eventually(get("sts/s", { status: 404 })),
      get("pods/s-0", {
        status: 200,
        body: { metadata: { uid: "{pod.metadata.uid}" } },
        absent: ["metadata.ownerReferences"],
      }),
    ],
  },
  {
    title: "only some fields change",
    steps: [
      start({ replicas: 0 }),
      merge(
        "sts/s",
        { spec: { serviceName: "x" } },
        invalid(
          "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
      ),
      merge(
        "sts/s",
        { spec: { replicas: -1 } },
        invalid("spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
      ),
      merge("sts/s", { spec: { updateStrategy: { type: "Sometimes" } } }, { status: 422, reason: "Invalid" }),
    ],
  },
  {
    title: "pods spread over zones, or stay where they must",
    steps: [
      start({ replicas: 3 }),
      ...settled(3),
      get("pods?labelSelector=topology.kubernetes.io/zone=us-east-1a", ok({ items: [{}] })),
      get("pods?labelSelector=topology.kubernetes.io/zone=us-east-1c", ok({ items: [{}] })),
      post(
        "sts",
        statefulSet("z", {
          replicas: 2,
          template: {
            metadata: { labels: { app: "z" } },
            spec: {
              containers: [{ name: "m", image: "i" }],
              affinity: {
                nodeAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: {
                    nodeSelectorTerms: [
                      {
                        matchExpressions: [
                          { key: "topology.kubernetes.io/zone", operator: "In", values: ["us-east-1b"] },
                        ],
                      },
                    ],
                  },
                },
              },
            },
          },
        }),
      ),
      ...eventually(
        get("pods?labelSelector=app=z,topology.kubernetes.io/zone=us-east-1b", { status: 200, names: ["z-0", "z-1"] }),
      ),
    ],
  },
  {
    title: "a quota stops a set, and room lets it go on",
    steps: [
      post("quotas", { metadata: { name: "q" }, spec: { hard: { pods: "1" } } }),
      ...eventually(get("quotas/q", ok({ status: { used: { pods: "0" } } }))),
      start({ replicas: 2 }),
      ...status({ replicas: 1, readyReplicas: 1 }),
      meanwhile,
      names("s-0"),
      merge("quotas/q", { spec: { hard: { pods: "2" } } }),
      ...settled(2),
    ],
  },
];
