import type { TypeRegistry } from "../api/types.ts";
import type { JsonObject } from "../json.ts";
import type { ResourceType } from "../resource-type.ts";

const rootOf = ({ group, version }: ResourceType): string =>
  group === "" ? `api/${version}` : `apis/${group}/${version}`;

/**
 * OpenAPI v3 documents with as much as kubectl needs to see that the server validates fields itself, and the schemas of custom
 * types, which `kubectl explain` shows.
 * @returns undefined for another path.
 */
export function openApi(types: TypeRegistry, path: string): JsonObject | undefined {
  const all = types.all();
  if (path === "/openapi/v3") {
    const roots = [...new Set(all.map(rootOf))];
    return { paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])) };
  }
  const found = all.filter((type) => path === `/openapi/v3/${rootOf(type)}`);
  if (found.length === 0) return undefined;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes (embedded)", version: "v1" },
    paths: Object.fromEntries(found.map((type) => [placeOf(type), { patch: patchOperation(type) }])),
    components: { schemas: Object.fromEntries(found.flatMap(schemaEntry)) },
  };
}

/** Named as Kubernetes does: the group's domain backwards, e.g. `com.grafana.rollout.v1alpha1.MultiAZRollout`. */
function schemaEntry({ group, version, kind, schema }: ResourceType): [string, JsonObject][] {
  if (schema === undefined) return [];
  const name = [...group.split(".").reverse(), version, kind].join(".");
  return [[name, { ...schema, ...kindOf({ group, version, kind }) }]];
}

const kindOf = ({ group, version, kind }: Pick<ResourceType, "group" | "version" | "kind">): JsonObject => ({
  "x-kubernetes-group-version-kind": [{ group, version, kind }],
});

function placeOf(type: ResourceType): string {
  return `/${rootOf(type)}${type.namespaced ? "/namespaces/{namespace}" : ""}/${type.plural}/{name}`;
}

function patchOperation({ group, version, kind }: ResourceType): JsonObject {
  const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
    name,
    in: "query",
    schema: { type: name === "force" ? "boolean" : "string" },
  }));
  return {
    parameters,
    responses: { "200": { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}
