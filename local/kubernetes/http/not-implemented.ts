import type { RequestInfo } from "../auth/request-info.ts";

/** Parts of Kubernetes 1.35 that this API knows of but does not serve: they answer 501, where unknown ones answer 404. */
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  "": ["bindings", "componentstatuses", "endpoints", "limitranges", "podtemplates", "replicationcontrollers"],
  "admissionregistration.k8s.io": ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
  apps: ["daemonsets", "replicasets"],
  "storage.k8s.io": ["csidrivers", "csinodes", "csistoragecapacities", "volumeattachments", "volumeattributesclasses"],
  "authorization.k8s.io": ["localsubjectaccessreviews", "selfsubjectrulesreviews"],
};
const GROUPS = [
  "apiregistration.k8s.io",
  "authentication.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "resource.k8s.io",
  "scheduling.k8s.io",
];
const SUBRESOURCES: Readonly<Record<string, readonly string[]>> = {
  pods: ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"],
  nodes: ["proxy"],
  namespaces: ["finalize"],
  services: ["proxy"],
  serviceaccounts: ["token"],
};
const PATHS = ["/openapi", "/metrics", "/logs", "/debug"];

/** @returns what a request asks for that is not implemented; undefined when it is, or when Kubernetes has no such thing. */
export function notImplementedPart(info: RequestInfo): string | undefined {
  if (!info.resourceRequest) {
    const [, root, group] = info.path.split("/");
    if (root === "apis" && group !== undefined && GROUPS.includes(group)) return `the API group ${group}`;
    return PATHS.some((path) => info.path === path || info.path.startsWith(`${path}/`)) ? info.path : undefined;
  }
  const { group, resource, subresource } = info;
  if (GROUPS.includes(group)) return `the API group ${group}`;
  if (RESOURCES[group]?.includes(resource) === true) return `the resource ${resource}`;
  if (group === "" && SUBRESOURCES[resource]?.includes(subresource) === true) return `${resource}/${subresource}`;
  return undefined;
}
