import { expect } from "vitest";
import { newImage } from "./objects.ts";
import {
  image,
  meanwhile,
  NEW,
  names,
  OLD,
  renewed,
  rolling,
  settled,
  start,
  status,
  template,
} from "./stateful-set-steps.ts";
import { del, eventually, get, merge, ok, type Row } from "./step.ts";

/** StatefulSets: updates and their revisions. */
export const STATEFUL_SET_UPDATES: Row[] = [
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
      ...eventually(image("s-2", NEW)),
      meanwhile,
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
];
