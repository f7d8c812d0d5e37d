import type { TypeRegistry } from "../api/types.ts";
import type { JsonObject } from "../json.ts";
import { apiVersionOf, type ResourceType } from "../resource-type.ts";

/** Discovery documents: which groups, versions and resources there are. */
export function discover(types: TypeRegistry, path: string, address: string, accept: string): JsonObject | undefined {
  const [root, group, version, ...rest] = path.split("/").filter((part) => part !== "");
  if (rest.length > 0) return undefined;
  const all = types.all();
  const aggregated = accept.includes("as=APIGroupDiscoveryList");
  if (root === "api") {
    if (group === undefined) {
      return aggregated ? groupDiscovery(all.filter((type) => type.group === "")) : apiVersions(address);
    }
    return version === undefined && group === "v1" ? resourceList(all, "", "v1") : undefined;
  }
  if (root !== "apis") return undefined;
  const grouped = all.filter((type) => type.group !== "");
  if (group === undefined) {
    if (aggregated) return groupDiscovery(grouped);
    const groups = [...new Set(grouped.map((type) => type.group))].map((name) => apiGroup(grouped, name));
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const known = grouped.some((type) => type.group === group);
  if (!known) return undefined;
  if (version === undefined) return { kind: "APIGroup", apiVersion: "v1", ...apiGroup(grouped, group) };
  return resourceList(grouped, group, version);
}

const apiVersions = (address: string): JsonObject => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
});

const versionsOf = (types: readonly ResourceType[], group: string): string[] => [
  ...new Set(types.filter((type) => type.group === group).map((type) => type.version)),
];

function apiGroup(types: readonly ResourceType[], name: string): JsonObject {
  const versions = versionsOf(types, name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, ...(versions[0] && { preferredVersion: versions[0] }) };
}

function resourceList(types: readonly ResourceType[], group: string, version: string): JsonObject | undefined {
  const found = types.filter((type) => type.group === group && type.version === version);
  if (found.length === 0) return undefined;
  const resources = found.toSorted(byPlural).flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: [...type.verbs],
      ...(type.shortNames.length === 0 ? {} : { shortNames: [...type.shortNames] }),
      ...(type.categories.length === 0 ? {} : { categories: [...type.categories] }),
    },
    ...type.subresources.map((subresource) => ({
      name: `${type.plural}/${subresource}`,
      singularName: "",
      namespaced: type.namespaced,
      ...(subresource === "scale" ? { group: "autoscaling", version: "v1", kind: "Scale" } : { kind: type.kind }),
      verbs: ["get", "patch", "update"],
    })),
  ]);
  const [first] = found;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: first === undefined ? version : apiVersionOf(first),
    resources,
  };
}

const byPlural = (a: ResourceType, b: ResourceType): number => (a.plural < b.plural ? -1 : 1);

/** All groups in one document (apidiscovery.k8s.io/v2). */
function groupDiscovery(types: readonly ResourceType[]): JsonObject {
  const groups = [...new Set(types.map((type) => type.group))];
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group === "" ? {} : { name: group }), creationTimestamp: null },
      versions: versionsOf(types, group).map((version) => ({
        version,
        freshness: "Current",
        resources: types
          .filter((type) => type.group === group && type.version === version)
          .toSorted(byPlural)
          .map(resourceDiscovery),
      })),
    })),
  };
}

function resourceDiscovery(type: ResourceType): JsonObject {
  const responseKind = { group: type.group, version: type.version, kind: type.kind };
  return {
    resource: type.plural,
    responseKind,
    scope: type.namespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs: [...type.verbs],
    ...(type.shortNames.length === 0 ? {} : { shortNames: [...type.shortNames] }),
    ...(type.categories.length === 0 ? {} : { categories: [...type.categories] }),
    ...(type.subresources.length === 0
      ? {}
      : {
          subresources: type.subresources.map((subresource) => ({
            subresource,
            responseKind:
              subresource === "scale" ? { group: "autoscaling", version: "v1", kind: "Scale" } : responseKind,
            verbs: ["get", "patch", "update"],
          })),
        }),
  };
}
