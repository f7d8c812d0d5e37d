import * as z from "zod";

/** A structural schema as apiextensions/v1 accepts it, as far as we write one. */
export interface StructuralSchema {
  type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  description?: string;
  nullable?: true;
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  "x-kubernetes-int-or-string"?: true;
  "x-kubernetes-preserve-unknown-fields"?: true;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;
type JsonType = NonNullable<JsonSchema["type"]>;

const ANYTHING: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true };

/**
 * The structural schema of what people may write, generated from the Zod schema that validates it.
 *
 * It carries names, types and descriptions only. Limits, patterns, enums, required fields and unknown fields are left to
 * our own validation, which answers with a condition naming path, cause and next step; so an object that Zod closes keeps
 * its unknown fields instead of losing them silently. Defaults stay out too: the API server would write them back into
 * the object. All of these are told in the description, for `kubectl explain`.
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return convert(z.toJSONSchema(schema, { io: "input", unrepresentable: "any", cycles: "throw", reused: "inline" }));
}

function convert(json: JsonSchema): StructuralSchema {
  const description = describe(json);
  return { ...shape(json), ...(description === "" ? {} : { description }) };
}

function shape(json: JsonSchema): StructuralSchema {
  const choices = json.anyOf ?? json.oneOf;
  if (choices !== undefined) return union(choices);
  if (json.allOf !== undefined) return ANYTHING;
  if (Array.isArray(json.type)) return union(json.type.map((type) => ({ ...json, type: type as JsonType })));
  const type = json.type ?? typeOfValues(json);
  if (type === "object") return objectShape(json);
  if (type === "array") return { type, items: json.items === undefined ? ANYTHING : convert(json.items as JsonSchema) };
  if (type === "string" || type === "integer" || type === "number" || type === "boolean") return { type };
  return ANYTHING;
}

function objectShape(json: JsonSchema): StructuralSchema {
  const { properties = {}, additionalProperties: others } = json;
  const names = Object.keys(properties);
  if (names.length === 0 && typeof others === "object") {
    const values = convert(others);
    const any = values.type === undefined && values["x-kubernetes-int-or-string"] === undefined;
    return any ? { type: "object", ...ANYTHING } : { type: "object", additionalProperties: values };
  }
  return {
    type: "object",
    ...(names.length === 0
      ? {}
      : { properties: Object.fromEntries(names.map((name) => [name, convert(properties[name] as JsonSchema)])) }),
    ...(others === undefined ? {} : ANYTHING),
  };
}

function union(all: readonly JsonSchema[]): StructuralSchema {
  const choices = all.filter((choice) => choice.type !== "null");
  const nullable = choices.length < all.length ? ({ nullable: true } as const) : {};
  const shapes = choices.map(shape);
  const types = new Set(shapes.map(({ type }) => type));
  const [only] = shapes;
  if (shapes.length === 1 && only !== undefined) return { ...only, ...nullable };
  if (types.size === 2 && types.has("string") && types.has("integer")) {
    return { "x-kubernetes-int-or-string": true, ...nullable };
  }
  if (types.size === 1 && only?.type === "object") return { type: "object", ...ANYTHING, ...nullable };
  if (types.size === 1 && only?.type !== undefined && only.type !== "array") return { type: only.type, ...nullable };
  return { ...ANYTHING, ...nullable };
}

/** `const` and `enum` may stand without a type. */
function typeOfValues(json: JsonSchema): string | undefined {
  const values = json.enum ?? (json.const === undefined ? [] : [json.const]);
  const types = new Set(values.map((value) => typeof value));
  const [type] = types;
  return types.size === 1 ? type : undefined;
}

function describe(json: JsonSchema): string {
  const { description = "", enum: values = [], default: byDefault } = json;
  const choices = values.length === 0 ? "" : `One of ${values.join(", ")}.`;
  return [description, choices, describeDefault(byDefault)].filter((sentence) => sentence !== "").join(" ");
}

/** Empty texts, lists and objects are no news. */
function describeDefault(value: unknown): string {
  const simple = typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value !== "");
  return simple ? `Default ${value}.` : "";
}
