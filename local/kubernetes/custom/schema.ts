import { isEqual, isObject, type Json, type JsonObject, listAt, objectAt } from "../json.ts";

/** A structural schema (apiextensions.k8s.io/v1 JSONSchemaProps). */
export type Schema = JsonObject;

const PRESERVE = "x-kubernetes-preserve-unknown-fields";

/**
 * Drops what the schema does not name, fills in defaults and drops nulls that are not allowed; changes `value` in place.
 * @param problems gets `unknown field "…"` for what was dropped.
 */
export function pruneAndDefault(schema: Schema, value: Json, path: string, problems: string[]): void {
  if (Array.isArray(value)) {
    const items = objectAt(schema, "items");
    value.forEach((item, index) => pruneAndDefault(items, item, `${path}[${index}]`, problems));
    return;
  }
  if (!isObject(value)) return;
  const properties = objectAt(schema, "properties");
  const additional = schema["additionalProperties"];
  for (const field of Object.keys(value)) {
    const place = path === "" ? field : `${path}.${field}`;
    const known = Object.hasOwn(properties, field) ? objectAt(properties, field) : undefined;
    const inner = known ?? (isObject(additional) ? additional : undefined);
    const item = value[field];
    if (inner === undefined) {
      if (schema[PRESERVE] === true || additional === true) continue;
      problems.push(`unknown field ${JSON.stringify(place)}`);
      delete value[field];
    } else if (item === null && inner["nullable"] !== true) delete value[field];
    else if (item !== undefined) pruneAndDefault(inner, item, place, problems);
  }
  for (const [field, inner] of Object.entries(properties)) {
    if (!isObject(inner) || inner["default"] === undefined || value[field] !== undefined) continue;
    value[field] = structuredClone(inner["default"]);
    pruneAndDefault(inner, value[field] ?? null, path === "" ? field : `${path}.${field}`, problems);
  }
}

/** Says whether two objects of a list are the same entry (`x-kubernetes-list-type`). */
export function duplicateOf(schema: Schema, items: readonly Json[], index: number): Json | undefined {
  const item = items[index] ?? null;
  const type = schema["x-kubernetes-list-type"];
  const earlier = items.slice(0, index);
  if (type === "set") return earlier.some((other) => isEqual(other, item)) ? item : undefined;
  if (type !== "map") return undefined;
  const keys = listAt(schema, "x-kubernetes-list-map-keys").map(String);
  const keyOf = (one: Json): JsonObject =>
    Object.fromEntries(
      keys.filter((key) => isObject(one) && one[key] !== undefined).map((key) => [key, (one as JsonObject)[key]]),
    );
  return earlier.some((other) => isEqual(keyOf(other), keyOf(item))) ? keyOf(item) : undefined;
}

/** Parts of JSON Schema that are not implemented here, where a schema uses them. */
export function unsupportedParts(schema: Schema, path = ""): string[] {
  const found: string[] = [];
  for (const field of ["x-kubernetes-validations", "x-kubernetes-embedded-resource"]) {
    if (schema[field] !== undefined) found.push(`${field} at ${path === "" ? "the root" : path}`);
  }
  for (const [field, inner] of Object.entries(objectAt(schema, "properties"))) {
    if (isObject(inner)) found.push(...unsupportedParts(inner, path === "" ? field : `${path}.${field}`));
  }
  for (const field of ["items", "additionalProperties"]) {
    if (isObject(schema[field])) found.push(...unsupportedParts(schema[field], `${path}[*]`));
  }
  return found;
}
