import { isEqual, isObject, type Json, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { type Cause, causes } from "../status.ts";
import { duplicateOf, type Schema } from "./schema.ts";

/** Checks a value against a structural schema, with the sentences of k8s.io/kube-openapi `pkg/validation`. */
export function schemaCauses(schema: Schema, value: Json, path: string): Cause[] {
  const wrongType = typeCause(schema, value, path);
  if (wrongType !== undefined) return [wrongType];
  if (value === null) return [];
  const found = [...combinationCauses(schema, value, path)];
  if (typeof value === "string") found.push(...stringCauses(schema, value, path));
  if (typeof value === "number") found.push(...numberCauses(schema, value, path));
  if (Array.isArray(value)) found.push(...listCauses(schema, value, path));
  if (isObject(value)) found.push(...objectCauses(schema, value, path));
  const allowed = listAt(schema, "enum");
  if (allowed.length > 0 && !allowed.some((one) => isEqual(one, value))) {
    found.push(causes.unsupported(path, value, allowed.map(String)));
  }
  return found;
}

function typeCause(schema: Schema, value: Json, path: string): Cause | undefined {
  const actual = typeOf(value);
  const wanted = schema["x-kubernetes-int-or-string"] === true ? "integer,string" : stringAt(schema, "type");
  if (wanted === undefined || (value === null && schema["nullable"] === true)) return undefined;
  const fits = wanted.split(",").some((type) => type === actual || (type === "number" && actual === "integer"));
  return fits
    ? undefined
    : causes.type(path, actual, `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`);
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** The first problem only, as the original does it. */
function stringCauses(schema: Schema, value: string, path: string): Cause[] {
  const [longest, shortest] = [numberAt(schema, "maxLength"), numberAt(schema, "minLength")];
  const { length } = Array.from(value);
  const pattern = stringAt(schema, "pattern");
  if (longest !== undefined && length > longest) return [causes.tooLong(path, longest)];
  if (shortest !== undefined && length < shortest) {
    return [causes.invalid(path, value, `${path} in body should be at least ${shortest} chars long`)];
  }
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) {
    return [causes.invalid(path, value, `${path} in body should match '${pattern}'`)];
  }
  if (schema["format"] === "date-time" && Number.isNaN(Date.parse(value))) {
    return [causes.invalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`)];
  }
  return [];
}

function numberCauses(schema: Schema, value: number, path: string): Cause[] {
  const [largest, smallest, step] = ["maximum", "minimum", "multipleOf"].map((field) => numberAt(schema, field));
  const found: Cause[] = [];
  const say = (text: string): number => found.push(causes.invalid(path, value, `${path} in body should be ${text}`));
  if (step !== undefined && value % step !== 0) say(`a multiple of ${step}`);
  if (largest !== undefined) {
    if (schema["exclusiveMaximum"] === true && value >= largest) say(`less than ${largest}`);
    else if (value > largest) say(`less than or equal to ${largest}`);
  }
  if (smallest !== undefined) {
    if (schema["exclusiveMinimum"] === true && value <= smallest) say(`greater than ${smallest}`);
    else if (value < smallest) say(`greater than or equal to ${smallest}`);
  }
  return found;
}

function listCauses(schema: Schema, value: readonly Json[], path: string): Cause[] {
  const found = value.flatMap((item, index) => schemaCauses(objectAt(schema, "items"), item, `${path}[${index}]`));
  const [most, least] = [numberAt(schema, "maxItems"), numberAt(schema, "minItems")];
  if (most !== undefined && value.length > most) found.push(causes.tooMany(path, value.length, most));
  if (least !== undefined && value.length < least) {
    found.push(causes.invalid(path, value.length, `${path} in body should have at least ${least} items`));
  }
  for (const index of value.keys()) {
    const duplicate = duplicateOf(schema, value, index);
    if (duplicate !== undefined) found.push(causes.duplicate(`${path}[${index}]`, duplicate));
  }
  return found;
}

function objectCauses(schema: Schema, value: Record<string, Json | undefined>, path: string): Cause[] {
  const at = (field: string): string => (path === "" ? field : `${path}.${field}`);
  const properties = objectAt(schema, "properties");
  const additional = schema["additionalProperties"];
  const found: Cause[] = listAt(schema, "required")
    .map(String)
    .filter((field) => value[field] === undefined)
    .map((field) => causes.required(at(field)));
  for (const field of Object.keys(value).toSorted()) {
    const item = value[field];
    const inner = Object.hasOwn(properties, field) ? properties[field] : additional;
    if (item !== undefined && isObject(inner)) found.push(...schemaCauses(inner, item, at(field)));
  }
  const [most, least] = [numberAt(schema, "maxProperties"), numberAt(schema, "minProperties")];
  const count = Object.keys(value).length;
  if (most !== undefined && count > most) found.push(causes.tooMany(path, count, most));
  if (least !== undefined && count < least) {
    found.push(causes.invalid(path, count, `${path} in body should have at least ${least} properties`));
  }
  return found;
}

function combinationCauses(schema: Schema, value: Json, path: string): Cause[] {
  const found: Cause[] = [];
  const passes = (inner: Json): boolean => isObject(inner) && schemaCauses(inner, value, path).length === 0;
  const say = (text: string): number => found.push(causes.invalid(path, value, `${JSON.stringify(path)} must ${text}`));
  const [all, any, one] = ["allOf", "anyOf", "oneOf"].map((field) => listAt(schema, field));
  if (any !== undefined && any.length > 0 && !any.some(passes)) say("validate at least one schema (anyOf)");
  if (one !== undefined && one.length > 0) {
    const count = one.filter(passes).length;
    if (count !== 1) {
      say(
        `validate one and only one schema (oneOf). ${count === 0 ? "Found none valid" : `Found ${count} valid alternatives`}`,
      );
    }
  }
  if (all !== undefined && !all.every(passes)) say("validate all the schemas (allOf)");
  const not = schema["not"];
  if (isObject(not) && schemaCauses(not, value, path).length === 0) say("not validate the schema (not)");
  return found;
}
