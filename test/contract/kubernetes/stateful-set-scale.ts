import { expect } from "vitest";
import { pod, statefulSet } from "./objects.ts";
import { quota } from "./quota-steps.ts";
import { meanwhile, names, ordered, renewed, settled, slowEnd, start, status } from "./stateful-set-steps.ts";
import { del, eventually, get, invalid, merge, ok, post, type Row } from "./step.ts";

/** StatefulSets: scale, claims, adoption, placement. */
export const STATEFUL_SET_SCALE: Row[] = [
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
      start({ replicas: 1, minReadySeconds: 600 }),
      ...status({ readyReplicas: 1, availableReplicas: 0 }),
      merge("sts/s", { spec: { minReadySeconds: 3 } }),
      ...status({ observedGeneration: 2, readyReplicas: 1, availableReplicas: 1 }),
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
      // The scheduler may hear of the first pod before it hears of the set.
      start({ replicas: 1 }),
      ...settled(1),
      merge("sts/s", { spec: { replicas: 3 } }),
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
      ...quota({ pods: "1" }),
      start({ replicas: 2 }),
      ...status({ replicas: 1, readyReplicas: 1 }),
      meanwhile,
      names("s-0"),
      ...eventually(
        get(
          "events?fieldSelector=involvedObject.kind%3DStatefulSet,reason%3DFailedCreate",
          ok({
            items: [
              {
                type: "Warning",
                involvedObject: { apiVersion: "apps/v1", name: "s", namespace: "{ns}" },
                message:
                  'Create Pod s-1 in StatefulSet s failed error: pods "s-1" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
                source: { component: "statefulset-controller" },
              },
            ],
          }),
        ),
      ),
      merge("quotas/q", { spec: { hard: { pods: "2" } } }),
      ...settled(2),
    ],
  },
];
