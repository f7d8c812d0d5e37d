import { expect } from "vitest";
import {
  NODE_ANNOTATION,
  NODE_NOT_READY,
  POD_ANNOTATIONS,
  POD_BEHAVIOURS,
} from "../../../local/control-plane/pod-behaviours.ts";
import { pod } from "./objects.ts";
import { eventually, get, merge, now, ok, passes, post, type Row, SINCE, type Step } from "./step.ts";

const behaving = (behaviour: string, more: object = {}): Step =>
  post("pods", pod("a", {}, { annotations: { [POD_ANNOTATIONS.behaviour]: behaviour, ...more } }));
const container = (expected: object): object => ({ status: { containerStatuses: [expected] } });
const condition = (type: string, status: string): object => expect.objectContaining({ type, status }) as object;
const conditions = (...wanted: object[]): object => ({
  status: { conditions: expect.arrayContaining(wanted) as unknown },
});
const fast = { [POD_ANNOTATIONS.crashAfter]: "50ms" };

/** A node that only pods of the row go to; last in every list. */
const newNode = (spec: object = {}, name = "zz"): Step =>
  post("nodes", {
    metadata: { name: `${name}-{ns}`, labels: { only: `${name}-{ns}` } },
    spec: { taints: [{ key: "only", effect: "NoSchedule" }], ...spec },
    status: { capacity: { cpu: "4", memory: "8Gi", pods: "10" } },
  });
const onlyOn = (node: string, name: string): object =>
  pod(name, { nodeSelector: { only: `${node}-{ns}` }, tolerations: [{ key: "only", operator: "Exists" }] });
/** The scheduler sees nodes in their order: once it has used a newer one, it knows all that was before. */
const schedulerIsUpToDate: Step[] = [
  newNode({}, "zy"),
  post("pods", onlyOn("zy", "later")),
  ...eventually(get("pods/later", ok({ spec: { nodeName: "zy-{ns}" } }))),
];

/** Simulated nodes and pods: what their annotations make them do. */
export const KUBELETS: Row[] = [
  {
    title: "a pod is scheduled, initialized, runs and becomes ready",
    steps: [
      post("pods", pod("a")),
      ...eventually(
        get(
          "pods/a",
          ok({
            spec: { nodeName: expect.stringMatching(/^ip-10-/) as unknown },
            status: {
              phase: "Running",
              conditions: expect.arrayContaining(
                ["PodScheduled", "Initialized", "Ready", "ContainersReady"].map((type) => condition(type, "True")),
              ) as unknown,
              startTime: expect.any(String) as unknown,
              podIP: expect.stringMatching(/^10\.128\./) as unknown,
              containerStatuses: [
                { name: "main", ready: true, restartCount: 0, started: true, state: { running: {} } },
              ],
            },
          }),
        ),
      ),
    ],
  },
  {
    title: "a pod that no node fits stays pending and says why",
    steps: [
      post("pods", pod("a", { nodeSelector: { nowhere: "true" } })),
      ...eventually(
        get(
          "pods/a",
          ok({
            status: {
              phase: "Pending",
              conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
            },
          }),
        ),
      ),
    ],
  },
  {
    title: "an image cannot be pulled",
    steps: [
      behaving(POD_BEHAVIOURS.imagePullFailure),
      ...eventually(
        get(
          "pods/a",
          ok({
            status: { phase: "Pending" },
            ...container({ ready: false, state: { waiting: { reason: "ImagePullBackOff" } } }),
          }),
        ),
      ),
    ],
  },
  {
    title: "containers crash again and again",
    steps: [
      now(),
      behaving(POD_BEHAVIOURS.crashLoop, fast),
      passes(
        `pods?${SINCE}`,
        ...[1, 2].map((restartCount) =>
          container({
            ready: false,
            restartCount,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { reason: "Error", exitCode: 1 } },
          }),
        ),
      ),
    ],
  },
  {
    title: "containers run out of memory",
    steps: [
      now(),
      behaving(POD_BEHAVIOURS.outOfMemory, fast),
      passes(
        `pods?${SINCE}`,
        container({ restartCount: 1, lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } } }),
      ),
    ],
  },
  {
    title: "a pod that never gets ready begins to when the annotation goes",
    steps: [
      behaving(POD_BEHAVIOURS.neverReady),
      ...eventually(
        get("pods/a", ok({ status: { phase: "Running" }, ...container({ ready: false, state: { running: {} } }) })),
      ),
      merge("pods/a", { metadata: { annotations: { [POD_ANNOTATIONS.behaviour]: null } } }),
      ...eventually(get("pods/a", ok(conditions(condition("Ready", "True"))))),
      merge("pods/a", { metadata: { annotations: { [POD_ANNOTATIONS.behaviour]: POD_BEHAVIOURS.neverReady } } }),
      ...eventually(get("pods/a", ok(conditions(condition("Ready", "False"), condition("ContainersReady", "False"))))),
    ],
  },
  {
    title: "nodes carry their zone and say that they are ready",
    steps: [
      get(
        "nodes",
        ok({
          items: expect.arrayContaining(
            ["a", "b", "c"].map(
              (letter) =>
                expect.objectContaining({
                  metadata: expect.objectContaining({
                    labels: expect.objectContaining({
                      "topology.kubernetes.io/zone": `us-east-1${letter}`,
                      "topology.kubernetes.io/region": "us-east-1",
                    }) as unknown,
                  }) as unknown,
                }) as unknown,
            ),
          ) as unknown,
        }),
      ),
      get(
        "nodes?limit=1",
        ok({
          items: [
            {
              status: {
                conditions: expect.arrayContaining([
                  condition("Ready", "True"),
                  condition("MemoryPressure", "False"),
                ]) as unknown,
                nodeInfo: { kubeletVersion: "v1.35.4" },
              },
            },
          ],
        }),
      ),
    ],
  },
  {
    title: "an annotation takes a node out, its removal brings it back",
    steps: [
      newNode(),
      ...eventually(get("nodes/zz-{ns}", ok(conditions(condition("Ready", "True"))))),
      merge("nodes/zz-{ns}", { metadata: { annotations: { [NODE_ANNOTATION]: NODE_NOT_READY } } }),
      ...eventually(get("nodes/zz-{ns}", ok(conditions(condition("Ready", "False"))))),
      ...eventually(
        get(
          "nodes/zz-{ns}",
          ok({
            spec: {
              taints: expect.arrayContaining([
                expect.objectContaining({ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }),
              ]) as unknown,
            },
          }),
        ),
      ),
      ...schedulerIsUpToDate,
      post("pods", onlyOn("zz", "a")),
      ...eventually(get("pods/a", ok({ status: { conditions: [{ type: "PodScheduled", status: "False" }] } }))),
      merge("nodes/zz-{ns}", { metadata: { annotations: { [NODE_ANNOTATION]: null } } }),
      ...eventually(get("pods/a", ok({ spec: { nodeName: "zz-{ns}" }, status: { phase: "Running" } }))),
    ],
  },
  {
    title: "an unschedulable node gets no pods",
    steps: [
      newNode({ unschedulable: true }),
      ...eventually(get("nodes/zz-{ns}", ok(conditions(condition("Ready", "True"))))),
      post("pods", onlyOn("zz", "a")),
      ...eventually(get("pods/a", ok({ status: { conditions: [{ type: "PodScheduled", reason: "Unschedulable" }] } }))),
      merge("nodes/zz-{ns}", { spec: { unschedulable: false } }),
      ...eventually(get("pods/a", ok({ status: { phase: "Running" } }))),
    ],
  },
];
