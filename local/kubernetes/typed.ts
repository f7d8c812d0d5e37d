import { createRequire } from "node:module";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { canonicalQuantity } from "./quantity.ts";
import type { Decoded } from "./resource-type.ts";

/** A field as client-node's models describe it; they are generated from the OpenAPI of Kubernetes. */
interface Attribute {
  baseName: string;
  type: string;
  format: string;
}

const load = createRequire(import.meta.url);
const models = new Map<string, Map<string, Attribute>>();

function modelOf(name: string): Map<string, Attribute> {
  const known = models.get(name);
  if (known !== undefined) return known;
  const module = load(`@kubernetes/client-node/dist/gen/models/${name}.js`) as Record<
    string,
    { attributeTypeMap: Attribute[] }
  >;
  const made = new Map((module[name]?.attributeTypeMap ?? []).map((attribute) => [attribute.baseName, attribute]));
  models.set(name, made);
  return made;
}

/** Fields with quantities: numbers are as good as strings. */
const QUANTITIES: ReadonlySet<string> = new Set([
  "requests",
  "limits",
  "capacity",
  "allocatable",
  "hard",
  "used",
  "overhead",
]);
/** Fields that are shown though they are empty, because Go holds a pointer or writes them always. */
const SHOWN_EMPTY: ReadonlySet<string> = new Set(["storageClassName", "serviceName", "rules", "stringData", "data"]);

/** Numbers and booleans that Go leaves out when they are zero, because it holds them without a pointer. */
const HIDDEN_ZEROS: ReadonlySet<string> = new Set([
  "currentReplicas",
  "failureThreshold",
  "hostIPC",
  "hostNetwork",
  "hostPID",
  "hostPort",
  "initialDelaySeconds",
  "minReadySeconds",
  "nodePort",
  "paused",
  "periodSeconds",
  "publishNotReadyAddresses",
  "readOnly",
  "readyReplicas",
  "stdin",
  "stdinOnce",
  "successThreshold",
  "timeoutSeconds",
  "tty",
  "unavailableReplicas",
  "unschedulable",
  "updatedReplicas",
]);

interface Place {
  /** Go's name of the innermost struct. */
  struct: string;
  path: string;
  problems: string[];
}

/**
 * Reads a body as a built-in kind: drops unknown fields, nulls and empty collections.
 * @param model e.g. `V1Pod`.
 */
export function decodeTyped(model: string, body: JsonObject): Decoded {
  const problems: string[] = [];
  const object = readStruct(model, body, { struct: goName(model), path: "", problems });
  return { object, problems };
}

const goName = (model: string): string => model.replace(/^(V\d+((alpha|beta)\d+)?|Core|Rbac)+/, "");

function readStruct(model: string, value: JsonObject, place: Place): JsonObject {
  const attributes = modelOf(model);
  const result: JsonObject = {};
  for (const [field, item] of Object.entries(value)) {
    const attribute = attributes.get(field);
    const path = place.path === "" ? field : `${place.path}.${field}`;
    if (attribute === undefined) {
      place.problems.push(`unknown field ${JSON.stringify(path)}`);
      continue;
    }
    if (item === null || item === undefined) continue;
    const type = QUANTITIES.has(field) ? attribute.type.replace(": string;", ": quantity;") : attribute.type;
    const read = readValue(type, attribute.format, item, { ...place, struct: goName(model), path });
    if (!SHOWN_EMPTY.has(field) && isEmpty(type, read)) continue;
    if (HIDDEN_ZEROS.has(field) && (read === 0 || read === false)) continue;
    result[field] = read;
  }
  return result;
}

function isEmpty(type: string, value: Json): boolean {
  if (value === "") return type !== "IntOrString";
  if (Array.isArray(value)) return value.length === 0;
  return type.startsWith("{") && isObject(value) && Object.keys(value).length === 0;
}

function readValue(type: string, format: string, value: Json, place: Place): Json {
  const [, element] = /^(?:Array|Set)<(.*)>$/.exec(type) ?? [];
  if (element !== undefined) {
    if (!Array.isArray(value)) throw mismatch(value, `[]${goType(element, format)}`, place);
    return value.map((item, index) =>
      item === null ? (element === "string" ? "" : {}) : readValue(element, format, item, inside(place, `[${index}]`)),
    );
  }
  const [, entry] = /^\{ \[key: string\]: (.*); \}$/.exec(type) ?? [];
  if (entry !== undefined) {
    if (!isObject(value)) throw mismatch(value, `map[string]${goType(entry, format)}`, place);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        item === null || item === undefined ? (entry === "quantity" ? "0" : "") : readValue(entry, format, item, place),
      ]),
    );
  }
  return readScalar(type, format, value, place);
}

function readScalar(type: string, format: string, value: Json, place: Place): Json {
  switch (type) {
    case "any":
    case "object":
      return value;
    case "quantity":
      if (typeof value !== "string" && typeof value !== "number") throw mismatch(value, "string", place);
      return canonicalQuantity(String(value));
    case "IntOrString":
      if (typeof value !== "string" && typeof value !== "number") throw mismatch(value, "intstr.IntOrString", place);
      return value;
    case "string":
    case "Date":
    case "V1MicroTime":
      if (typeof value !== "string") throw mismatch(value, "string", place);
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw mismatch(value, "bool", place);
      return value;
    case "number":
      if (typeof value !== "number") throw mismatch(value, goType(type, format), place);
      if (format !== "double" && !Number.isInteger(value)) {
        throw new Error(
          `json: cannot unmarshal number ${value} into Go struct field ${fieldOf(place)} of type ${goType(type, format)}`,
        );
      }
      return value;
    default:
      if (!isObject(value)) throw mismatch(value, goType(type, format), place);
      return readStruct(type, value, place);
  }
}

const inside = (place: Place, suffix: string): Place => ({ ...place, path: `${place.path}${suffix}` });

/** Go's errors leave the indexes of lists out. */
const fieldOf = ({ struct, path }: Place): string => `${struct}.${path.replaceAll(/\[\d+\]/g, "")}`;

function mismatch(value: Json, type: string, place: Place): Error {
  return new Error(`json: cannot unmarshal ${jsonType(value)} into Go struct field ${fieldOf(place)} of type ${type}`);
}

function jsonType(value: Json): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

function goType(type: string, format: string): string {
  if (type === "number") return format === "double" ? "float64" : format || "int32";
  if (type === "boolean") return "bool";
  if (type === "string" || type === "quantity") return "string";
  return `v1.${goName(type)}`;
}
