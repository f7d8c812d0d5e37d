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
  const wanted = Array.isArray(order) ? order : value;
  if (SETS.has(field)) {
    const left = before.filter((one) => !value.includes(one));
    return inOrder([...left, ...value], wanted, before, (one) => one);
  }
  const objects = [...value, ...before];
  const key = field === "ports" ? portKey(objects) : MERGE_KEYS[field];
  if (key === undefined || !objects.every(isObject)) {
    return value.map((one) => (isObject(one) ? withoutDirectives(one) : one));
  }
  const list = mergedList(before as JsonObject[], value as JsonObject[], key);
  return inOrder(list, wanted, before, (one) => (isObject(one) ? (one[key] ?? null) : one));
}

/** Containers' ports are known by `containerPort`, services' by `port`. */
const portKey = (ports: readonly Json[]): string =>
  ports.some((port) => isObject(port) && port["containerPort"] !== undefined) ? "containerPort" : "port";

function mergedList(before: readonly JsonObject[], patches: readonly JsonObject[], key: string): JsonObject[] {
  const replacing = patches.some((one) => one["$patch"] === "replace" && one[key] === undefined);
  let result = replacing ? [] : [...before];
  for (const patch of patches) {
    if (patch["$patch"] === "replace" && patch[key] === undefined) continue;
    if (patch[key] === undefined) {
      throw badRequest(`map: ${JSON.stringify(patch)} does not contain declared merge key: ${key}`);
    }
    const index = result.findIndex((one) => isEqual(one[key], patch[key]));
    const found = result[index];
    if (patch["$patch"] === "delete") result = result.filter((one) => !isEqual(one[key], patch[key]));
    else if (found === undefined) result.push(strategicMerge({}, patch));
    else result[index] = strategicMerge(found, patch);
  }
  return result;
}

/**
 * What the patch names comes in its order; the rest stays in the order of before, each in front of the first named one that
 * was behind it (`mergeSortedSlice` of k8s.io/apimachinery).
 */
function inOrder(
  list: readonly Json[],
  wanted: readonly Json[],
  before: readonly Json[],
  keyOf: (one: Json) => Json,
): Json[] {
  const placeIn = (order: readonly Json[], one: Json): number =>
    order.findIndex((other) => isEqual(keyOf(other), keyOf(one)));
  const named = list
    .filter((one) => placeIn(wanted, one) >= 0)
    .toSorted((a, b) => placeIn(wanted, a) - placeIn(wanted, b));
  const rest = list.filter((one) => placeIn(wanted, one) < 0);
  const result: Json[] = [];
  while (named.length > 0 && rest.length > 0) {
    const [left, right] = [placeIn(before, rest[0] ?? null), placeIn(before, named[0] ?? null)];
    const restFirst = left >= 0 && right >= 0 && left < right;
    result.push((restFirst ? rest : named).shift() ?? null);
  }
  return [...result, ...named, ...rest];
}

function withoutDirectives(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !DIRECTIVES.test(field)));
}
