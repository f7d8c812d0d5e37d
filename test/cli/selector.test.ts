import { expect, test } from "vitest";
import { formatSelectorText, parseSelector } from "../../cli/selector.ts";
import type { ClusterSelector } from "../../lib/hub/resource.ts";

const rows: [text: string, selector: ClusterSelector, again?: string][] = [
  ["stage=prod", { matchLabels: { stage: "prod" } }],
  ["stage==prod", { matchLabels: { stage: "prod" } }, "stage=prod"],
  ["stage=", { matchLabels: { stage: "" } }],
  ["a=1, b=2", { matchLabels: { a: "1", b: "2" } }, "a=1,b=2"],
  [
    "stage=prod,stage=dev",
    { matchLabels: { stage: "prod" }, matchExpressions: [{ key: "stage", operator: "In", values: ["dev"] }] },
    "stage=prod,stage in (dev)",
  ],
  ["team!=a", { matchExpressions: [{ key: "team", operator: "NotIn", values: ["a"] }] }, "team notin (a)"],
  [
    "region in (eu, us)",
    { matchExpressions: [{ key: "region", operator: "In", values: ["eu", "us"] }] },
    "region in (eu,us)",
  ],
  [
    "region notin (eu),!old,team",
    {
      matchExpressions: [
        { key: "region", operator: "NotIn", values: ["eu"] },
        { key: "old", operator: "DoesNotExist" },
        { key: "team", operator: "Exists" },
      ],
    },
  ],
  ["example.com/team=a", { matchLabels: { "example.com/team": "a" } }],
];

test.each(rows)("%s", (text, selector, again = text) => {
  expect(parseSelector(text)).toEqual(selector);
  expect(formatSelectorText(selector)).toBe(again);
  expect(parseSelector(again)).toEqual(selector);
});

test.each(["", ",", "a=1,,b", "a b", "!", "!a b", "a in b", "in (a)", "a=b=c d", "a b=c", "-a=1"])(
  "%j cannot be read",
  (text) => {
    expect(() => parseSelector(text)).toThrow(/--selector .*(Write it as|Correct it)/);
  },
);

test("an empty selector is all clusters", () => expect(formatSelectorText({})).toBe("all clusters"));
