import { type JsonObject, objectsAt, plain, stringAt } from "../json.ts";
import { celValue, parseExpression, problemOf } from "./expression.ts";

/** Why a policy denies a write. */
export interface Denial {
  reason: string;
  message: string;
}

/**
 * Asks one policy about one write (k8s.io/apiserver `pkg/admission/plugin/policy/validating`). What cannot
 * be evaluated counts as the failure policy says.
 * @returns undefined when the write may go on.
 */
export function judge(spec: JsonObject, given: Record<string, unknown>): Denial | undefined {
  const variables = celValue(given) as Record<string, unknown>;
  try {
    for (const { expression } of objectsAt(spec, "matchConditions")) {
      if (evaluate(plain(expression), variables) !== true) return undefined;
    }
    const all = { ...variables, variables: composed(objectsAt(spec, "variables"), variables) };
    for (const validation of objectsAt(spec, "validations")) {
      if (evaluate(plain(validation["expression"]), all) === true) continue;
      return { reason: stringAt(validation, "reason") ?? "Invalid", message: messageOf(validation, all) };
    }
    return undefined;
  } catch (error) {
    if (spec["failurePolicy"] === "Ignore") return undefined;
    return { reason: "Invalid", message: problemOf(error) };
  }
}

/** Variables are worked out when they are read, each with those before it. */
function composed(definitions: readonly JsonObject[], given: Record<string, unknown>): object {
  const made = {};
  for (const { name, expression } of definitions) {
    const get = (): unknown => evaluate(plain(expression), { ...given, variables: made });
    Object.defineProperty(made, plain(name), { enumerable: true, get });
  }
  return made;
}

function evaluate(expression: string, variables: Record<string, unknown>): unknown {
  try {
    return parseExpression(expression)(variables);
  } catch (error) {
    throw new Error(`expression '${expression}' resulted in error: ${problemOf(error)}`, { cause: error });
  }
}

/** A message that cannot be made, is empty or has more than one line gives way to the plain one. */
function messageOf(validation: JsonObject, variables: Record<string, unknown>): string {
  const plainMessage =
    stringAt(validation, "message") ?? `failed expression: ${plain(validation["expression"]).trim()}`;
  const expression = stringAt(validation, "messageExpression");
  if (expression === undefined) return plainMessage;
  try {
    const made = evaluate(expression, variables);
    const text = typeof made === "string" ? made.trim() : "";
    return text === "" || text.includes("\n") ? plainMessage : text;
  } catch {
    return plainMessage;
  }
}
