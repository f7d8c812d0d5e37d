import { z } from "zod";

/** The parts of JSON Schema that Zod writes and the tables show. */
interface Schema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  minItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
}

/**
 * A Markdown table of the fields a schema accepts: path, type with its limits, default, meaning (`.describe()` or
 * `.meta({description})`).
 */
export function schemaTable(schema: z.ZodType): string {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" }) as Schema;
  const rows = fieldRows(root, "");
  const meanings = rows.some((row) => row.meaning !== "");
  const head = ["field", "type", "default", ...(meanings ? ["meaning"] : [])];
  const body = rows.map((row) => [`\`${row.path}\``, row.type, row.byDefault, ...(meanings ? [row.meaning] : [])]);
  return table(head, body);
}

/** A Markdown table. */
export function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escapeCell).join(" | ")} |`).join("\n");
}

interface Row {
  path: string;
  type: string;
  byDefault: string;
  meaning: string;
}

function fieldRows(schema: Schema, parent: string): Row[] {
  const branches = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  const seen = new Set<string>();
  return branches.flatMap((branch) =>
    Object.entries(branch.properties ?? {}).flatMap(([name, field]) => {
      const path = parent === "" ? name : `${parent}.${name}`;
      const byDefault = defaultOf(field, branch.required?.includes(name) ?? false);
      const own: Row = { path, type: typeOf(field), byDefault, meaning: field.description ?? "" };
      const rows = [own, ...fieldRows(field, path), ...(field.items ? fieldRows(field.items, `${path}[]`) : [])];
      return rows.filter((row) => {
        const signature = `${row.path} ${row.type}`;
        const fresh = !seen.has(signature);
        seen.add(signature);
        return fresh;
      });
    }),
  );
}

function defaultOf(field: Schema, required: boolean): string {
  if (field.default !== undefined) return `\`${JSON.stringify(field.default)}\``;
  return required ? "required" : "–";
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(" or ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(" or ");
  if (schema.type === "array") return `list of ${schema.items ? typeOf(schema.items) : "any"}`;
  if (schema.type === "object" && typeof schema.additionalProperties === "object" && schema.properties === undefined) {
    return `map to ${typeOf(schema.additionalProperties)}`;
  }
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "any");
  return `${type}${limitsOf(schema)}`;
}

function limitsOf(schema: Schema): string {
  const limits: string[] = [];
  const least = schema.minimum ?? Number.NEGATIVE_INFINITY;
  const most = schema.maximum ?? Number.POSITIVE_INFINITY;
  if (least > Number.MIN_SAFE_INTEGER && most < Number.MAX_SAFE_INTEGER) limits.push(`${least}..${most}`);
  else if (least > Number.MIN_SAFE_INTEGER) limits.push(`≥ ${least}`);
  else if (most < Number.MAX_SAFE_INTEGER) limits.push(`≤ ${most}`);
  if (schema.minLength === 1) limits.push("not empty");
  if (schema.format !== undefined) limits.push(schema.format);
  else if (schema.pattern !== undefined) limits.push(`\`${schema.pattern}\``);
  return limits.length === 0 ? "" : ` (${limits.join(", ")})`;
}

const escapeCell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
