import { type JsonObject, listAt, objectAt } from "../json.ts";

/** The parts of policies and bindings that are not judged here. */
export function unsupportedPart(object: JsonObject): string | undefined {
  const spec = objectAt(object, "spec");
  const text = JSON.stringify(spec);
  const actions = listAt(spec, "validationActions");
  if (actions.some((action) => action !== "Deny")) return "validation actions other than Deny";
  for (const part of ["auditAnnotations", "excludeResourceRules"]) if (text.includes(`"${part}":[{`)) return part;
  for (const part of ["paramKind", "paramRef"]) if (spec[part] !== undefined) return "parameters of admission policies";
  const variable = /\b(authorizer|namespaceObject)\b/.exec(text)?.[1];
  if (variable !== undefined) return `the variable ${variable} of admission policies`;
  const operation = /"operations":\[[^\]]*"(DELETE|CONNECT|\*)"/.exec(text)?.[1];
  return operation === undefined ? undefined : `admission policies for the operation ${operation}`;
}
