import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { matchesSelector } from "../../../lib/kubernetes/selectors.ts";
import type { Clock } from "../clock.ts";
import { isEqual, type JsonObject, listAt, objectAt, objectsAt, plain, stringAt } from "../json.ts";
import { controllerOf, type KubeObject, timestamp } from "../object.ts";
import { quantityNano, quantityValue } from "../quantity.ts";
import { resourceKey } from "../resource-type.ts";
import type { Access } from "./access.ts";
import { withCondition } from "./conditions.ts";
import type { Controller } from "./loop.ts";

const PODS = resourceKey({ group: "", plural: "pods" });
const NODES = resourceKey({ group: "", plural: "nodes" });
const CLAIMS = resourceKey({ group: "", plural: "persistentvolumeclaims" });
const ZONE = "topology.kubernetes.io/zone";
const TOPOLOGY = [ZONE, "topology.kubernetes.io/region"];

/** Binds pods to nodes: filters as kube-scheduler, then spreads by zone and node. Keys are `namespace/name`. */
export function schedulerController(access: Access, clock: Clock): Controller {
  return {
    keysOf({ resource, object }) {
      if (resource === NODES || resource === CLAIMS) {
        return access.list("", "pods").filter(isWaiting).map(keyOf);
      }
      return resource === PODS && isWaiting(object) ? [keyOf(object)] : [];
    },
    reconcile(key) {
      const [namespace = "", name = ""] = key.split("/");
      const pod = access.get("", "pods", namespace, name);
      if (pod === undefined || !isWaiting(pod)) return undefined;
      const nodes = access.list("", "nodes");
      const pods = access.list("", "pods").filter((one) => nodeOf(one) !== undefined);
      const fitting = nodes.filter((node) => claimsBound(access, pod) && fits(pod, node, nodes, pods));
      const [node] = fitting.toSorted(byLoad(pod, nodes, pods));
      if (node === undefined) markUnschedulable(access, pod, nodes.length, clock.now());
      else bind(access, pod, node, clock.now());
      return undefined;
    },
  };
}

const keyOf = ({ metadata: { namespace = "", name } }: KubeObject): string => `${namespace}/${name}`;
const nodeOf = (pod: KubeObject): string | undefined => stringAt(pod, "spec", "nodeName");

function isWaiting(pod: KubeObject): boolean {
  return (
    nodeOf(pod) === undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    stringAt(pod, "spec", "schedulerName") === "default-scheduler" &&
    listAt(pod, "spec", "schedulingGates").length === 0
  );
}

function claimsBound(access: Access, pod: KubeObject): boolean {
  return objectsAt(pod, "spec", "volumes").every((volume) => {
    const name = stringAt(volume, "persistentVolumeClaim", "claimName");
    if (name === undefined) return true;
    const claim = access.get("", "persistentvolumeclaims", pod.metadata.namespace, name);
    return stringAt(claim, "status", "phase") === "Bound";
  });
}

function fits(pod: KubeObject, node: KubeObject, nodes: readonly KubeObject[], pods: readonly KubeObject[]): boolean {
  const labels = node.metadata.labels ?? {};
  if (!isReady(node) || objectAt(node, "spec")["unschedulable"] === true || !tolerates(pod, node)) return false;
  const wanted = Object.entries(objectAt(pod, "spec", "nodeSelector"));
  if (!wanted.every(([key, value]) => labels[key] === value)) return false;
  const required = objectAt(pod, "spec", "affinity", "nodeAffinity")["requiredDuringSchedulingIgnoredDuringExecution"];
  if (required !== undefined && !objectsAt(required, "nodeSelectorTerms").some((term) => matchesTerm(term, node)))
    return false;
  return hasRoom(pod, node, pods) && !isRepelled(pod, node, nodes, pods);
}

function isReady(node: KubeObject): boolean {
  return objectsAt(node, "status", "conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");
}

function tolerates(pod: KubeObject, node: KubeObject): boolean {
  const tolerations = objectsAt(pod, "spec", "tolerations");
  return objectsAt(node, "spec", "taints")
    .filter((taint) => taint["effect"] !== "PreferNoSchedule")
    .every((taint) =>
      tolerations.some(
        (one) =>
          (one["key"] === undefined || one["key"] === taint["key"]) &&
          (one["effect"] === undefined || one["effect"] === taint["effect"]) &&
          (one["operator"] === "Exists" || (one["value"] ?? "") === (taint["value"] ?? "")),
      ),
    );
}

function matchesTerm(term: JsonObject, node: KubeObject): boolean {
  const expressions = objectsAt(term, "matchExpressions");
  const fields = objectsAt(term, "matchFields");
  if (expressions.length + fields.length === 0) return false;
  const values = (key: string): string | undefined => node.metadata.labels?.[key];
  return (
    expressions.every((one) => meets(one, values(stringAt(one, "key") ?? ""))) &&
    fields.every((one) => meets(one, node.metadata.name))
  );
}

function meets(requirement: JsonObject, value: string | undefined): boolean {
  const listed = value !== undefined && listAt(requirement, "values").includes(value);
  const [limit] = listAt(requirement, "values").map(Number);
  switch (requirement["operator"]) {
    case "In":
      return listed;
    case "NotIn":
      return !listed;
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > (limit ?? Number.NaN);
    default:
      return value !== undefined && Number(value) < (limit ?? Number.NaN);
  }
}

/** Pods, CPU and memory that the node still has. */
function hasRoom(pod: KubeObject, node: KubeObject, pods: readonly KubeObject[]): boolean {
  const there = pods.filter((one) => nodeOf(one) === node.metadata.name);
  const room = objectAt(node, "status", "allocatable");
  const asked = (one: KubeObject, resource: string): bigint =>
    objectsAt(one, "spec", "containers").reduce((sum, container) => {
      const request = objectAt(container, "resources", "requests")[resource];
      return request === undefined ? sum : sum + quantityNano(plain(request));
    }, 0n);
  const fitsIn = (resource: string): boolean => {
    const wanted = asked(pod, resource);
    const used = there.reduce((sum, one) => sum + asked(one, resource), 0n);
    return wanted === 0n || used + wanted <= quantityNano(plain(room[resource]) || "0");
  };
  return there.length < quantityValue(plain(room["pods"]) || "0") && fitsIn("cpu") && fitsIn("memory");
}

/** Required pod anti-affinity. */
function isRepelled(
  pod: KubeObject,
  node: KubeObject,
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): boolean {
  const terms = objectsAt(pod, "spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  return terms.some((term) => {
    const topology = stringAt(term, "topologyKey") ?? "";
    const value = node.metadata.labels?.[topology];
    const there = new Set(
      nodes.filter((one) => one.metadata.labels?.[topology] === value).map((one) => one.metadata.name),
    );
    const selector = objectAt(term, "labelSelector") as LabelSelector;
    return pods.some(
      (other) =>
        other.metadata.namespace === pod.metadata.namespace &&
        there.has(nodeOf(other) ?? "") &&
        matchesSelector(selector, other.metadata.labels ?? {}),
    );
  });
}

/** Fewest pods of the same owner in the zone, then on the node, then fewest pods at all. */
function byLoad(
  pod: KubeObject,
  nodes: readonly KubeObject[],
  pods: readonly KubeObject[],
): (a: KubeObject, b: KubeObject) => number {
  const owner = controllerOf(pod)?.uid;
  const zoneOf = new Map(nodes.map((node) => [node.metadata.name, node.metadata.labels?.[ZONE] ?? ""]));
  const load = (node: KubeObject): number[] => {
    const name = node.metadata.name;
    const family = owner === undefined ? [] : pods.filter((one) => controllerOf(one)?.uid === owner);
    const onNode = (one: KubeObject): boolean => nodeOf(one) === name;
    const inZone = family.filter((one) => zoneOf.get(nodeOf(one) ?? "") === zoneOf.get(name));
    return [inZone.length, family.filter(onNode).length, pods.filter(onNode).length];
  };
  return (a, b) => {
    const [left, right] = [load(a), load(b)];
    const different = left.findIndex((count, index) => count !== right[index]);
    return different === -1 ? 0 : (left[different] ?? 0) - (right[different] ?? 0);
  };
}

function bind(access: Access, pod: KubeObject, node: KubeObject, now: number): void {
  const topology = Object.entries(node.metadata.labels ?? {}).filter(([key]) => TOPOLOGY.includes(key));
  access.force({
    ...pod,
    metadata: { ...pod.metadata, labels: { ...Object.fromEntries(topology), ...pod.metadata.labels } },
    spec: { ...objectAt(pod, "spec"), nodeName: node.metadata.name },
    status: withCondition(objectAt(pod, "status"), { type: "PodScheduled", status: "True" }, timestamp(now)),
  });
}

function markUnschedulable(access: Access, pod: KubeObject, nodes: number, now: number): void {
  const status = objectAt(pod, "status");
  const message = `0/${nodes} nodes are available`;
  const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
  const next = withCondition(status, condition, timestamp(now));
  if (!isEqual(next, status)) access.updateStatus(pod, next);
}
