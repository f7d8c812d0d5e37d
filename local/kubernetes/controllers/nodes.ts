import { NODE_ANNOTATION, NODE_NOT_READY } from "../../control-plane/pod-behaviours.ts";
import type { Clock } from "../clock.ts";
import { type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts";
import { annotationOf, type KubeObject, timestamp } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import type { Access } from "./access.ts";
import { withCondition } from "./conditions.ts";
import type { Controller } from "./loop.ts";

const NODES = resourceKey({ group: "", plural: "nodes" });
const TAINT = "node.kubernetes.io/not-ready";

const HEALTHY: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["NetworkUnavailable", "False", "RouteCreated", "RouteController created a route"],
];

/** Keeps nodes Ready, or not Ready while their annotation says so; what a kubelet and the node controller do. Keys are names. */
export function nodeController(access: Access, clock: Clock, kubernetesVersion: string): Controller {
  return {
    keysOf: ({ resource, type, object }) => (resource === NODES && type !== "DELETED" ? [object.metadata.name] : []),
    reconcile(name) {
      const node = access.get("", "nodes", undefined, name);
      if (node === undefined) return undefined;
      const wantsReady = annotationOf(node, NODE_ANNOTATION) !== NODE_NOT_READY;
      const isReady = readyStatus(node);
      if (isReady !== (wantsReady ? "True" : "False")) {
        const status = wantsReady ? healthy(node, kubernetesVersion, clock.now()) : notReady(node, clock.now());
        access.updateStatus(node, status);
        if (!wantsReady) markPodsNotReady(access, node, clock.now());
      }
      taint(access, name, wantsReady);
      return undefined;
    },
  };
}

function readyStatus(node: KubeObject): string | undefined {
  return stringAt(
    objectsAt(node, "status", "conditions").find((one) => one["type"] === "Ready"),
    "status",
  );
}

function heartbeat(now: number): JsonObject {
  return { lastHeartbeatTime: timestamp(now) };
}

function healthy(node: KubeObject, kubeletVersion: string, now: number): JsonObject {
  const status = HEALTHY.reduce<JsonObject>(
    (all, [type, state, reason, message]) =>
      withCondition(all, { type, status: state, reason, message }, timestamp(now), heartbeat(now)),
    objectAt(node, "status"),
  );
  return {
    ...status,
    nodeInfo: {
      ...objectAt(status, "nodeInfo"),
      architecture: "arm64",
      containerRuntimeVersion: "simulated",
      kernelVersion: "simulated",
      kubeletVersion,
      operatingSystem: "linux",
      osImage: "simulated",
    },
  };
}

function notReady(node: KubeObject, now: number): JsonObject {
  const condition = {
    type: "Ready",
    status: "False",
    reason: "KubeletNotReady",
    message: `${NODE_ANNOTATION} says so`,
  };
  return withCondition(objectAt(node, "status"), condition, timestamp(now), heartbeat(now));
}

/** As the node controller does when a node stops being Ready. */
function markPodsNotReady(access: Access, node: KubeObject, now: number): void {
  for (const pod of access.list("", "pods")) {
    const ready = objectsAt(pod, "status", "conditions").some(
      (one) => one["type"] === "Ready" && one["status"] === "True",
    );
    if (stringAt(pod, "spec", "nodeName") !== node.metadata.name || !ready) continue;
    access.updateStatus(
      pod,
      withCondition(objectAt(pod, "status"), { type: "Ready", status: "False" }, timestamp(now)),
    );
  }
}

function taint(access: Access, name: string, ready: boolean): void {
  const node = access.get("", "nodes", undefined, name);
  if (node === undefined) return;
  const taints = objectsAt(node, "spec", "taints");
  const others = taints.filter((one) => one["key"] !== TAINT);
  if ((others.length === taints.length) === ready) return;
  const wanted = ready ? others : [...others, { key: TAINT, effect: "NoSchedule" }];
  const { taints: _taints, ...spec } = objectAt(node, "spec");
  access.update({ ...node, spec: wanted.length === 0 ? spec : { ...spec, taints: wanted } });
}
