import { ensureObject, type JsonObject, objectAt, objectsAt, plain, setDefault, stringAt } from "../json.ts";
import { parseExpression, problemOf } from "../policy/expression.ts";
import { unsupportedPart } from "../policy/unsupported.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes, notImplemented } from "../status.ts";

function defaultMatch(resources: JsonObject): void {
  setDefault(resources, "matchPolicy", "Equivalent");
  setDefault(resources, "namespaceSelector", {});
  setDefault(resources, "objectSelector", {});
  for (const rule of objectsAt(resources, "resourceRules")) setDefault(rule, "scope", "*");
}

function refuseUnsupported(object: JsonObject): void {
  const part = unsupportedPart(object);
  if (part !== undefined) throw notImplemented(part);
}

function expressionCauses(value: unknown, field: string): Cause[] {
  const text = plain(value);
  if (text.trim() === "") return [causes.required(field, "expression is not specified")];
  try {
    parseExpression(text);
    return [];
  } catch (error) {
    return [causes.invalid(field, text, `compilation failed: ${problemOf(error)}`)];
  }
}

export const policyStrategy: Strategy = {
  defaults(policy) {
    const spec = ensureObject(policy, "spec");
    setDefault(spec, "failurePolicy", "Fail");
    if (spec["matchConstraints"] !== undefined) defaultMatch(objectAt(spec, "matchConstraints"));
    ensureObject(policy, "status");
  },
  prepareCreate(policy) {
    policy["status"] = {};
  },
  prepareUpdate(policy, old) {
    policy["status"] = old["status"] ?? {};
  },
  validate(policy) {
    refuseUnsupported(policy);
    const spec = objectAt(policy, "spec");
    const found: Cause[] = [];
    if (spec["matchConstraints"] === undefined) found.push(causes.required("spec.matchConstraints"));
    else if (objectsAt(spec, "matchConstraints", "resourceRules").length === 0) {
      found.push(causes.required("spec.matchConstraints.resourceRules"));
    }
    if (objectsAt(spec, "validations").length === 0) {
      const detail = "validations or auditAnnotations must contain at least one item";
      found.push(causes.required("spec.validations", detail), causes.required("spec.auditAnnotations", detail));
    }
    for (const list of ["matchConditions", "variables", "validations"]) {
      for (const [index, { expression }] of objectsAt(spec, list).entries()) {
        found.push(...expressionCauses(expression, `spec.${list}[${index}].expression`));
      }
    }
    return found;
  },
  generationOf: (policy) => policy["spec"],
};

export const policyBindingStrategy: Strategy = {
  defaults(binding) {
    const spec = ensureObject(binding, "spec");
    if (spec["matchResources"] !== undefined) defaultMatch(objectAt(spec, "matchResources"));
  },
  validate(binding) {
    refuseUnsupported(binding);
    const spec = objectAt(binding, "spec");
    const found: Cause[] = [];
    if ((stringAt(spec, "policyName") ?? "") === "") found.push(causes.required("spec.policyName"));
    if (spec["validationActions"] === undefined) found.push(causes.required("spec.validationActions"));
    return found;
  },
  generationOf: (binding) => binding["spec"],
};
