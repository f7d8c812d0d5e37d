import { copy, isEqual, isObject, type Json, type JsonObject } from "../json.ts";
import { badRequest, StatusError } from "../status.ts";
import { strategicMerge } from "./strategic.ts";

export type PatchKind = "json" | "merge" | "strategic" | "apply";

export const PATCH_TYPES: Readonly<Record<string, PatchKind>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/**
 * Applies a patch to an object, which is left as it is.
 * @throws StatusError 400 or 422.
 */
export function applyPatch(kind: Exclude<PatchKind, "apply">, object: JsonObject, patch: Json): JsonObject {
  if (kind === "json") {
    if (!Array.isArray(patch)) {
      throw badRequest(
        `error decoding patch: json: cannot unmarshal ${typeName(patch)} into Go value of type []handlers.jsonPatchOp`,
      );
    }
    const patched = patch.reduce<Json>((value, operation) => applyOperation(value, operation), copy(object));
    return isObject(patched) ? patched : refuse();
  }
  if (!isObject(patch)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${typeName(patch)} into Go value of type map[string]interface {}`,
    );
  }
  const patched = kind === "merge" ? mergePatch(object, patch) : strategicMerge(object, patch);
  return isObject(patched) ? patched : {};
}

function typeName(value: Json): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** RFC 7386. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[field];
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}

function refuse(): never {
  throw new StatusError({
    code: 422,
    reason: "Invalid",
    message: "the server rejected our request due to an error in our request",
    details: {},
  });
}

/** One operation of RFC 6902. */
function applyOperation(root: Json, operation: Json): Json {
  if (!isObject(operation) || typeof operation["path"] !== "string") return refuse();
  const path = pointer(operation["path"]);
  const value = operation["value"] ?? null;
  switch (operation["op"]) {
    case "add":
      return change(root, path, (parent, key) => insert(parent, key, value), value);
    case "replace":
      read(root, path);
      return change(root, path, (parent, key) => assign(parent, key, value), value);
    case "remove":
      read(root, path);
      return change(root, path, drop, null);
    case "test":
      return isEqual(readOrNull(root, path), value) ? root : refuse();
    case "move":
    case "copy": {
      if (typeof operation["from"] !== "string") return refuse();
      const from = pointer(operation["from"]);
      const moved = copy(read(root, from));
      const rest = operation["op"] === "move" ? change(root, from, drop, null) : root;
      return change(rest, path, (parent, key) => insert(parent, key, moved), moved);
    }
    default:
      return refuse();
  }
}

function pointer(path: string): string[] {
  if (path === "") return [];
  if (!path.startsWith("/")) return refuse();
  return path
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function child(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return /^\d+$/.test(key) ? parent[Number(key)] : undefined;
  return isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function read(root: Json, path: readonly string[]): Json {
  let here: Json | undefined = root;
  for (const key of path) here = child(here, key);
  return here === undefined ? refuse() : here;
}

function readOrNull(root: Json, path: readonly string[]): Json {
  const parent = read(root, path.slice(0, -1));
  return path.length === 0 ? root : (child(parent, path.at(-1) ?? "") ?? null);
}

function change(root: Json, path: readonly string[], write: (parent: Json, key: string) => void, whole: Json): Json {
  const key = path.at(-1);
  if (key === undefined) return whole;
  write(read(root, path.slice(0, -1)), key);
  return root;
}

function insert(parent: Json, key: string, value: Json): void {
  if (Array.isArray(parent)) {
    const index = key === "-" ? parent.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) refuse();
    parent.splice(index, 0, value);
  } else if (isObject(parent)) parent[key] = value;
  else refuse();
}

function assign(parent: Json, key: string, value: Json): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  else if (isObject(parent)) parent[key] = value;
  else refuse();
}

function drop(parent: Json, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isObject(parent)) delete parent[key];
  else refuse();
}
