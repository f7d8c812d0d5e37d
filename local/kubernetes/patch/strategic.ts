import { isEqual, isObject, type Json, type JsonObject } from "../json.ts";
import { badRequest } from "../status.ts";

/** The key by which the elements of a list are the same, by field name (`x-kubernetes-patch-merge-key` in the OpenAPI). */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  containerStatuses: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  secrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  conditions: "type",
  addresses: "type",
  taints: "key",
  ownerReferences: "uid",
  readinessGates: "conditionType",
};
/** Lists of plain values that are merged as sets. */
const SETS: ReadonlySet<string> = new Set(["finalizers"]);
/** Objects of which only one field may be there: the patch names what to keep. */
const DIRECTIVES = /^\$(patch|retainKeys|setElementOrder\/.*|deleteFromPrimitiveList\/.*)$/;

/**
 * Kubernetes' strategic merge patch: as a merge patch, but lists of objects are merged by key.
 * @throws StatusError 400 for a list element without its key.
 */
export function strategicMerge(target: JsonObject, patch: JsonObject): JsonObject {
  if (patch["$patch"] === "replace") return withoutDirectives(patch);
  if (patch["$patch"] === "delete") return {};
  const result: JsonObject = { ...target };
  const retained = patch["$retainKeys"];
  if (Array.isArray(retained)) {
    for (const field of Object.keys(result)) if (!retained.includes(field)) delete result[field];
  }
  for (const [field, value] of Object.entries(patch)) {
    const [, list] = /^\$deleteFromPrimitiveList\/(.*)$/.exec(field) ?? [];
    if (list !== undefined) {
      const [kept, dropped] = [result[list], value];
      if (Array.isArray(kept) && Array.isArray(dropped)) result[list] = kept.filter((one) => !dropped.includes(one));
      continue;
    }
    if (DIRECTIVES.test(field)) continue;
    if (value === null || value === undefined) delete result[field];
    else result[field] = merged(field, result[field], value, patch[`$setElementOrder/${field}`]);
  }
  return result;
}

function merged(field: string, old: Json | undefined, value: Json, order: Json | undefined): Json {
  if (isObject(value)) return strategicMerge(isObject(old) ? old : {}, value);
  if (!Array.isArray(value)) return value;
  const before = Array.isArray(old) ? old : [];
  if (SETS.has(field)) return [...before, ...value.filter((one) => !before.includes(one))];
  const objects = [...value, ...before];
  const key = field === "ports" ? portKey(objects) : MERGE_KEYS[field];
  if (key === undefined || !objects.every(isObject))
    return value.map((one) => (isObject(one) ? withoutDirectives(one) : one));
  return mergedList(before as JsonObject[], value as JsonObject[], key, order);
}

/** Containers' ports are known by `containerPort`, services' by `port`. */
const portKey = (ports: readonly Json[]): string =>
  ports.some((port) => isObject(port) && port["containerPort"] !== undefined) ? "containerPort" : "port";

function mergedList(before: JsonObject[], patches: JsonObject[], key: string, order: Json | undefined): Json[] {
  let result = patches.some((one) => one["$patch"] === "replace") ? [] : [...before];
  const replacing = result.length === 0 && before.length > 0;
  for (const patch of patches) {
    if (patch["$patch"] === "replace" && patch[key] === undefined) continue;
    if (patch[key] === undefined) {
      throw badRequest(`map: ${JSON.stringify(patch)} does not contain declared merge key: ${key}`);
    }
    const index = result.findIndex((one) => isEqual(one[key], patch[key]));
    const found = result[index];
    if (patch["$patch"] === "delete") result = result.filter((one) => !isEqual(one[key], patch[key]));
    else if (found === undefined || replacing) result.push(strategicMerge({}, patch));
    else result[index] = strategicMerge(found, patch);
  }
  return Array.isArray(order) ? ordered(result, key, order) : result;
}

/** Puts the elements that the patch lists into its order; the others stay where they were, behind. */
function ordered(list: JsonObject[], key: string, order: readonly Json[]): JsonObject[] {
  const place = (one: JsonObject): number => {
    const index = order.findIndex((entry) => isObject(entry) && isEqual(entry[key], one[key]));
    return index === -1 ? order.length : index;
  };
  return list.toSorted((a, b) => place(a) - place(b));
}

function withoutDirectives(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !DIRECTIVES.test(field)));
}
