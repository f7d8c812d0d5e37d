/** Anything JSON can say; `undefined` only as an absent field. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [field: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns the value at a path; undefined when something on the way is absent or no object. */
export function at(value: unknown, ...path: string[]): Json | undefined {
  let here = value;
  for (const field of path) {
    if (!isObject(here) || !Object.hasOwn(here, field)) return undefined;
    here = here[field];
  }
  return here as Json | undefined;
}

export function objectAt(value: unknown, ...path: string[]): JsonObject {
  const found = at(value, ...path);
  return isObject(found) ? found : {};
}

export function listAt(value: unknown, ...path: string[]): Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** @returns the elements of a list that are objects. */
export function objectsAt(value: unknown, ...path: string[]): JsonObject[] {
  return listAt(value, ...path).filter(isObject);
}

export function stringAt(value: unknown, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}

export function numberAt(value: unknown, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
}

/** Gives `object[field]` an object to write into and returns it. */
export function ensureObject(object: JsonObject, field: string): JsonObject {
  const found = object[field];
  if (isObject(found)) return found;
  const made: JsonObject = {};
  object[field] = made;
  return made;
}

/** Sets a field that is absent or null. */
export function setDefault(object: JsonObject, field: string, value: Json): void {
  if (object[field] === undefined || object[field] === null) object[field] = value;
}

export function copy<T>(value: T): T {
  return structuredClone(value);
}

/** Deep equality; an absent field and an undefined one are the same. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...fields].every((field) => isEqual(a[field], b[field]));
}

/** JSON as Go's `encoding/json` writes a map: fields sorted, `<`, `>`, `&` and the line separators escaped. */
export function goJson(value: Json | undefined): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => sorted(item) ?? null);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((field) => [field, sorted(value[field])]),
  );
}

/** @returns a scalar as text; "" for what is absent. */
export function plain(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
