import { describe, expect, test } from "vitest";
import { definitionOf, type GuardScope, noDownscaleGuard, ownerOf } from "../../../lib/guards/no-downscale.ts";
import { parseExpression } from "../../../local/kubernetes/policy/expression.ts";

const SCOPE: GuardScope = { hubId: "hub", cluster: "prod", namespaces: [], followsInSeconds: 30 };
const SET = { namespace: "mimir", name: "ingester-zone-a" };

interface PolicySpec {
  matchConstraints: { namespaceSelector: unknown };
  variables: { name: string; expression: string }[];
  validations: { messageExpression: string; message: string }[];
}
const policyOf = (scope: Partial<GuardScope> = {}, labelled = [SET]): PolicySpec =>
  noDownscaleGuard({ ...SCOPE, ...scope }, labelled)[0]?.object.spec as unknown as PolicySpec;
const guarded = (spec: PolicySpec): string => spec.variables.find(({ name }) => name === "guarded")?.expression ?? "";
const listsOf = (spec: PolicySpec): string[] =>
  spec.variables.filter(({ name }) => name.startsWith("named")).map(({ expression }) => expression);

describe("the guard no-downscale", () => {
  test("is a policy and its binding, both saying whose they are", () => {
    const guard = noDownscaleGuard(SCOPE, [SET]);
    expect(guard.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual([
      "ValidatingAdmissionPolicy outrigger-no-downscale",
      "ValidatingAdmissionPolicyBinding outrigger-no-downscale",
    ]);
    expect(guard.map(({ object }) => ownerOf(object))).toEqual(["hub.prod", "hub.prod"]);
    expect(guard[1]?.object.spec).toEqual({ policyName: "outrigger-no-downscale", validationActions: ["Deny"] });
  });

  test.each<[sentence: string, namespaces: string[], selector: object]>([
    ["all namespaces", [], {}],
    [
      "only those of its registration, in one order",
      ["mimir", "loki", "mimir"],
      {
        matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["loki", "mimir"] }],
      },
    ],
  ])("covers %s", (_sentence, namespaces, selector) => {
    expect(policyOf({ namespaces }).matchConstraints.namespaceSelector).toEqual(selector);
  });

  test("has one definition for the same names in any order, and another for every change", () => {
    const other = { namespace: "loki", name: "a" };
    const definition = (scope: Partial<GuardScope>, labelled: (typeof SET)[]): string =>
      definitionOf(noDownscaleGuard({ ...SCOPE, ...scope }, labelled));
    expect(definition({}, [SET, other])).toBe(definition({}, [other, SET]));
    const all = [
      definition({}, [SET]),
      definition({}, [SET, other]),
      definition({}, [other]),
      definition({ namespaces: ["mimir"] }, [SET]),
      definition({ hubId: "other" }, [SET]),
      definition({ followsInSeconds: 60 }, [SET]),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test("spreads thousands of names over expressions that every API server reads", () => {
    const many = Array.from({ length: 5_000 }, (_, index) => ({
      namespace: "n".repeat(63),
      name: `${"s".repeat(50)}-${index}`,
    }));
    const spec = policyOf({}, many);
    const lists = listsOf(spec);
    expect(lists.length).toBeGreaterThan(10);
    for (const expression of spec.variables.map((variable) => variable.expression)) {
      expect(expression.length).toBeLessThan(100_000);
    }
    const found = (name: string): boolean =>
      lists.some((text) => parseExpression(text)({ request: { namespace: "n".repeat(63), name } }) === true);
    expect(many.filter(({ name }) => !found(name))).toEqual([]);
    expect(found("not-there")).toBe(false);
    expect(guarded(spec)).toContain(lists.map((_, index) => `variables.named${index}`).join(" || "));
  });

  test("without names it still guards updates", () => {
    expect(guarded(policyOf({}, []))).toContain("? (false) : (has(oldObject.metadata.labels)");
  });

  test("quotes what it is told, so that no name can add to an expression", () => {
    const spec = policyOf({ hubId: 'hub" + "x', cluster: "prod\\" });
    const text = parseExpression(spec.validations[0]?.messageExpression ?? "")({
      request: { namespace: "mimir", name: "a", subResource: "scale" },
      variables: { before: 3n, after: 2n },
    });
    expect(text).toBe(
      "StatefulSet mimir/a is labelled grafana.com/no-downscale=true: scaling it down from 3 to 2 is refused; to scale it down, " +
        "take the label off first: kubectl label statefulset a -n mimir grafana.com/no-downscale- (kubectl scale heeds that within 30 s). " +
        'The Outrigger hub hub" + "x put this guard here for its cluster prod\\; if that hub is gone, remove it: ' +
        "kubectl delete validatingadmissionpolicy outrigger-no-downscale",
    );
  });
});
