import { type Json, type JsonObject, listAt, numberAt, objectAt, objectsAt, plain, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Column, ColumnSet } from "../resource-type.ts";
import { age } from "./age.ts";
import { podCells } from "./pod-cells.ts";

type Cell = (object: KubeObject, now: number) => Json;

const created: Cell = (object, now) => age(object.metadata.creationTimestamp, now);

/** Columns after the name; names with a `+` are shown with `-o wide`. */
function columnSet(cells: Record<string, Cell>): ColumnSet {
  return {
    columns: Object.keys(cells).map(
      (name): Column => ({
        name: name.replace("+", ""),
        type: NUMBERS.has(name) ? "integer" : "string",
        priority: name.startsWith("+") ? 1 : 0,
      }),
    ),
    cells: (object, now) => Object.values(cells).map((cell) => cell(object, now)),
  };
}

const NUMBERS: ReadonlySet<string> = new Set(["Up-to-date", "Available"]);

/** The columns of kinds without any of their own. */
export const defaultColumns: ColumnSet = {
  columns: [{ name: "Created At", type: "date", priority: 0 }],
  cells: (object) => [object.metadata.creationTimestamp],
};

const count = (object: KubeObject, field: string): number => Object.keys(objectAt(object, field)).length;
const containers = (object: KubeObject): JsonObject[] => objectsAt(object, "spec", "template", "spec", "containers");
const join = (values: (string | undefined)[]): string => values.join(",") || "<none>";
const selectorText = (labels: JsonObject): string =>
  join(Object.entries(labels).map(([key, value]) => `${key}=${plain(value)}`));

export const configMaps = columnSet({ Data: (map) => count(map, "data") + count(map, "binaryData"), Age: created });
export const secrets = columnSet({
  Type: (secret) => stringAt(secret, "type") ?? "",
  Data: (secret) => count(secret, "data"),
  Age: created,
});
export const namespaces = columnSet({
  Status: (namespace) => stringAt(namespace, "status", "phase") ?? "",
  Age: created,
});

export const statefulSets = columnSet({
  Ready: (set) => `${numberAt(set, "status", "readyReplicas") ?? 0}/${numberAt(set, "spec", "replicas") ?? 0}`,
  Age: created,
  "+Containers": (set) => join(containers(set).map((one) => stringAt(one, "name"))),
  "+Images": (set) => join(containers(set).map((one) => stringAt(one, "image"))),
});

export const deployments = columnSet({
  Ready: (one) => `${numberAt(one, "status", "readyReplicas") ?? 0}/${numberAt(one, "spec", "replicas") ?? 0}`,
  "Up-to-date": (one) => numberAt(one, "status", "updatedReplicas") ?? 0,
  Available: (one) => numberAt(one, "status", "availableReplicas") ?? 0,
  Age: created,
  "+Containers": (one) => join(containers(one).map((container) => stringAt(container, "name"))),
  "+Images": (one) => join(containers(one).map((container) => stringAt(container, "image"))),
  "+Selector": (one) => selectorText(objectAt(one, "spec", "selector", "matchLabels")),
});

export const services = columnSet({
  Type: (service) => stringAt(service, "spec", "type") ?? "",
  "Cluster-IP": (service) => stringAt(service, "spec", "clusterIP") ?? "<none>",
  "External-IP": () => "<none>",
  "Port(s)": (service) =>
    join(objectsAt(service, "spec", "ports").map((port) => `${plain(port["port"])}/${plain(port["protocol"])}`)),
  Age: created,
  "+Selector": (service) => selectorText(objectAt(service, "spec", "selector")),
});

const address = (node: KubeObject, type: string): string => {
  const found = objectsAt(node, "status", "addresses").find((one) => one["type"] === type);
  return stringAt(found, "address") ?? "<none>";
};
const info = (node: KubeObject, field: string): string => stringAt(node, "status", "nodeInfo", field) || "<unknown>";

export const nodes = columnSet({
  Status: (node) => {
    const ready = objectsAt(node, "status", "conditions").find((one) => one["type"] === "Ready");
    const state = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
    return objectAt(node, "spec")["unschedulable"] === true ? `${state},SchedulingDisabled` : state;
  },
  Roles: (node) =>
    join(
      Object.keys(node.metadata.labels ?? {})
        .flatMap(roleOf)
        .toSorted(),
    ),
  Age: created,
  Version: (node) => stringAt(node, "status", "nodeInfo", "kubeletVersion") ?? "",
  "+Internal-IP": (node) => address(node, "InternalIP"),
  "+External-IP": (node) => address(node, "ExternalIP"),
  "+OS-Image": (node) => info(node, "osImage"),
  "+Kernel-Version": (node) => info(node, "kernelVersion"),
  "+Container-Runtime": (node) => info(node, "containerRuntimeVersion"),
});

function roleOf(label: string): string[] {
  const role = /^node-role\.kubernetes\.io\/(.+)$/.exec(label)?.[1];
  return role === undefined ? [] : [role];
}

export const pods: ColumnSet = {
  columns: [
    { name: "Ready", type: "string" },
    { name: "Status", type: "string" },
    { name: "Restarts", type: "string" },
    { name: "Age", type: "string" },
    { name: "IP", type: "string", priority: 1 },
    { name: "Node", type: "string", priority: 1 },
    { name: "Nominated Node", type: "string", priority: 1 },
    { name: "Readiness Gates", type: "string", priority: 1 },
  ],
  cells: (pod, now) => [
    ...podCells(pod, now),
    created(pod, now),
    stringAt(pod, "status", "podIP") ?? "<none>",
    stringAt(pod, "spec", "nodeName") ?? "<none>",
    "<none>",
    listAt(pod, "spec", "readinessGates").length === 0 ? "<none>" : gates(pod),
  ],
};

function gates(pod: KubeObject): string {
  const types = objectsAt(pod, "spec", "readinessGates").map((gate) => gate["conditionType"]);
  const met = objectsAt(pod, "status", "conditions").filter(
    (one) => one["status"] === "True" && types.includes(one["type"]),
  );
  return `${met.length}/${types.length}`;
}
