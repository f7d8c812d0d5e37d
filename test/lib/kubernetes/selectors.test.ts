import { describe, expect, test } from "vitest";
import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { formatSelector, matchesSelector, SelectorError, selectorProblems } from "../../../lib/kubernetes/selectors.ts";

const selector = (key: string, operator: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator: operator as "In", ...(values.length === 0 ? {} : { values }) }],
});

const FORMATS: [name: string, selector: LabelSelector, text: string][] = [
  ["nothing", {}, ""],
  ["labels sorted by key", { matchLabels: { b: "2", a: "1" } }, "a=1,b=2"],
  ["an empty value", { matchLabels: { a: "" } }, "a="],
  ["a prefixed key", { matchLabels: { "app.kubernetes.io/name": "mimir" } }, "app.kubernetes.io/name=mimir"],
  ["In, values sorted", selector("zone", "In", "b", "a"), "zone in (a,b)"],
  ["NotIn", selector("zone", "NotIn", "a"), "zone notin (a)"],
  ["Exists", selector("zone", "Exists"), "zone"],
  ["DoesNotExist", selector("zone", "DoesNotExist"), "!zone"],
  ["both kinds", { matchLabels: { z: "1" }, ...selector("a", "Exists") }, "a,z=1"],
];

test.each(FORMATS)("a selector of %s is written as the API reads it", (_name, given, text) => {
  expect(formatSelector(given)).toBe(text);
});

const MATCHES: [selector: LabelSelector, labels: Record<string, string> | undefined, matches: boolean][] = [
  [{}, undefined, true],
  [{ matchLabels: { a: "1" } }, { a: "1", b: "2" }, true],
  [{ matchLabels: { a: "1" } }, { a: "2" }, false],
  [{ matchLabels: { a: "" } }, {}, false],
  [{ matchLabels: { constructor: "x" } }, {}, false],
  [selector("a", "In", "1", "2"), { a: "2" }, true],
  [selector("a", "In", "1", "2"), {}, false],
  [selector("a", "NotIn", "1"), { a: "2" }, true],
  [selector("a", "NotIn", "1"), {}, true],
  [selector("a", "NotIn", "1"), { a: "1" }, false],
  [selector("a", "Exists"), { a: "" }, true],
  [selector("a", "Exists"), {}, false],
  [selector("toString", "Exists"), {}, false],
  [selector("a", "DoesNotExist"), {}, true],
  [selector("a", "DoesNotExist"), { a: "" }, false],
];

test.each(MATCHES)("%j with labels %j: %s", (given, labels, matches) => {
  expect(matchesSelector(given, labels)).toBe(matches);
});

describe("what Kubernetes would refuse is named with its place", () => {
  const cases: [selector: LabelSelector, problem: string][] = [
    [{ matchLabels: { "a b": "1" } }, 'matchLabels has the key "a b", which is no label key'],
    [{ matchLabels: { "A.com/x": "1" } }, 'matchLabels has the key "A.com/x", which is no label key'],
    [{ matchLabels: { "a/b/c": "1" } }, 'matchLabels has the key "a/b/c", which is no label key'],
    [{ matchLabels: { a: "-x" } }, 'matchLabels.a is "-x", which is no label value'],
    [{ matchLabels: { a: "x".repeat(64) } }, `matchLabels.a is "${"x".repeat(64)}", which is no label value`],
    [selector("a", "In"), "matchExpressions[0] with operator In needs at least one value"],
    [selector("a", "Exists", "1"), "matchExpressions[0] with operator Exists takes no values"],
    [selector("a", "Equals"), 'matchExpressions[0].operator is "Equals", use In, NotIn, Exists or DoesNotExist'],
    [selector("a", "In", "x,y"), 'matchExpressions[0].values holds "x,y", which is no label value'],
  ];
  test.each(cases)("%j", (given, problem) => {
    expect(selectorProblems(given)).toContain(problem);
    expect(() => formatSelector(given)).toThrow(SelectorError);
    expect(() => formatSelector(given)).toThrow(problem);
  });
});
