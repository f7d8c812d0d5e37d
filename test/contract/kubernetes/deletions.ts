import { expect } from "vitest";
import { gone, parent, RUNNING, slow } from "./delete-steps.ts";
import { named, pod, statefulSet, waitingPod } from "./objects.ts";
import { conflict, del, eventually, get, merge, notFound, ok, post, type Row } from "./step.ts";

/** Deletes, preconditions and grace. */
export const DELETIONS: Row[] = [
  {
    title: "a delete answers with what was deleted, then it is gone",
    steps: [
      parent("a"),
      del(
        "cm/a",
        ok({ kind: "Status", status: "Success", details: { name: "a", kind: "configmaps", uid: "{a.metadata.uid}" } }),
      ),
      get("cm/a", notFound('configmaps "a" not found')),
      del("cm/a", notFound('configmaps "a" not found')),
    ],
  },
  {
    title: "a delete with the right UID passes",
    steps: [
      parent("a"),
      del("cm/a", ok(), { preconditions: { uid: "{a.metadata.uid}" } }),
      get("cm/a", { status: 404 }),
    ],
  },
  {
    title: "a delete with another UID conflicts",
    steps: [
      parent("a"),
      del(
        "cm/a",
        conflict(
          'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record ({a.metadata.uid}). The object might have been deleted and then recreated',
        ),
        { preconditions: { uid: "other" } },
      ),
      get("cm/a"),
    ],
  },
  {
    title: "a delete with the right version passes",
    steps: [parent("a"), del("cm/a", ok(), { preconditions: { resourceVersion: "{a.metadata.resourceVersion}" } })],
  },
  {
    title: "a delete with an old version conflicts",
    steps: [
      parent("a"),
      merge("cm/a", { data: { x: "1" } }, ok(), { keep: "b" }),
      del(
        "cm/a",
        conflict(
          'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the precondition ({a.metadata.resourceVersion}) does not match the ResourceVersion in record ({b.metadata.resourceVersion}). The object might have been modified',
        ),
        { preconditions: { resourceVersion: "{a.metadata.resourceVersion}" } },
      ),
    ],
  },
  {
    title: "a delete of a successor under the old UID conflicts",
    steps: [
      parent("a"),
      del("cm/a"),
      post("cm", named("a")),
      del("cm/a", { status: 409, reason: "Conflict" }, { preconditions: { uid: "{a.metadata.uid}" } }),
      get("cm/a"),
    ],
  },
  {
    title: "a conflict names kinds with their group",
    steps: [
      post("sts", statefulSet("s", { replicas: 0 })),
      del(
        "sts/s",
        conflict(
          'Operation cannot be fulfilled on StatefulSet.apps "s": the UID in the precondition (x) does not match',
        ),
        { preconditions: { uid: "x" } },
      ),
    ],
  },
  {
    title: "an unbound pod goes at once, and the answer is the pod",
    steps: [
      post("pods", waitingPod("a")),
      del(
        "pods/a",
        ok({ kind: "Pod", metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0 } }),
      ),
      get("pods/a", { status: 404 }),
    ],
  },
  {
    title: "a running pod gets its grace",
    steps: [
      post("pods", pod("a", {}, slow)),
      ...eventually(get("pods/a", ok(RUNNING))),
      del(
        "pods/a",
        ok({
          kind: "Pod",
          metadata: { generation: 2, deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30 },
        }),
      ),
      get("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 30 } })),
    ],
  },
  {
    title: "grace is what the delete asks for",
    steps: [
      post("pods", pod("a", {}, slow)),
      ...eventually(get("pods/a", ok(RUNNING))),
      del("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 7 } }), { gracePeriodSeconds: 7 }),
    ],
  },
  {
    title: "grace may stand in the query",
    steps: [
      post("pods", pod("a", {}, slow)),
      ...eventually(get("pods/a", ok(RUNNING))),
      del("pods/a?gracePeriodSeconds=8", ok({ metadata: { deletionGracePeriodSeconds: 8 } })),
    ],
  },
  {
    title: "grace is what the pod asks for",
    steps: [
      post("pods", pod("a", { terminationGracePeriodSeconds: 5 }, slow)),
      ...eventually(get("pods/a", ok(RUNNING))),
      del("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 5 } })),
    ],
  },
  {
    title: "a second delete may shorten the grace, never lengthen it",
    steps: [
      post("pods", pod("a", {}, slow)),
      ...eventually(get("pods/a", ok(RUNNING))),
      del("pods/a", ok(), { gracePeriodSeconds: 20 }),
      del("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 20 } }), { gracePeriodSeconds: 25 }),
      del("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 10 } }), { gracePeriodSeconds: 10 }),
      del("pods/a", ok({ metadata: { deletionGracePeriodSeconds: 10 } })),
    ],
  },
  {
    title: "no grace at all takes a running pod at once",
    steps: [
      post("pods", pod("a", {}, slow)),
      ...eventually(get("pods/a", ok(RUNNING))),
      del("pods/a", ok(), { gracePeriodSeconds: 0 }),
      get("pods/a", { status: 404 }),
    ],
  },
  {
    title: "preconditions hold for a pod that terminates already",
    steps: [
      post("pods", pod("a", {}, slow), undefined, { keep: "a" }),
      ...eventually(get("pods/a", ok(RUNNING))),
      del("pods/a"),
      del("pods/a", { status: 409, reason: "Conflict" }, { preconditions: { uid: "other" } }),
      del("pods/a", ok({ metadata: { uid: "{a.metadata.uid}" } }), { preconditions: { uid: "{a.metadata.uid}" } }),
    ],
  },
  {
    title: "the kubelet ends a pod that is asked to go",
    steps: [post("pods", pod("a")), ...eventually(get("pods/a", ok(RUNNING))), del("pods/a"), ...gone("pods/a")],
  },
];
