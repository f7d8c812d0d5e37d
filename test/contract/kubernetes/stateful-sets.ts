import { expect } from "vitest";
import { newImage } from "./objects.ts";
import {
  image,
  meanwhile,
  NEW,
  names,
  neverReady,
  OLD,
  ordered,
  settled,
  start,
  status,
  template,
} from "./stateful-set-steps.ts";
import { del, eventually, get, merge, ok, post, type Row } from "./step.ts";

/** StatefulSets: identity, revisions, order. */
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
];
