import { Environment } from "@marcbachmann/cel-js";
import { isObject } from "../json.ts";

/** A CEL expression, ready to be asked. @throws Error when something it reads is not there. */
export type Expression = (variables: Record<string, unknown>) => unknown;

/** Lists as long as the original takes them. */
const limits = { maxListElements: 100_000, maxMapEntries: 100_000 };
const environment = new Environment({ unlistedVariablesAreDyn: true, enableOptionalTypes: true, limits });
const parsed = new Map<string, Expression>();

/** @throws Error with the parser's words when the text is no CEL. */
export function parseExpression(text: string): Expression {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const evaluate = environment.parse(text);
  const made: Expression = (variables) => evaluate(variables) as unknown;
  parsed.set(text, made);
  return made;
}

/** JSON as CEL sees it: whole numbers are integers. */
export function celValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, item]) => (item === undefined ? [] : [[field, celValue(item)]])),
  );
}

/** As Go words it, and without the picture of the place that follows. */
export function problemOf(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
