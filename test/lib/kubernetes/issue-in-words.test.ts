import { expect, test } from "vitest";
import { z } from "zod";
import { issueInWords, problemsInWords } from "../../../lib/kubernetes/issue-in-words.ts";

const rows: Record<string, [schema: z.ZodType, value: unknown, says: string]> = {
  "a field that is not there": [z.string(), undefined, "is missing"],
  "a field of any type that is not there": [z.strictObject({ spec: z.unknown() }), {}, "is missing"],
  "a number for text": [z.string(), 1, "must be text"],
  "text for a number": [z.number(), "soon", "must be a number"],
  "half a number": [z.int(), 1.5, "must be a whole number"],
  "text for a flag": [z.boolean(), "yes", "must be true or false"],
  "text for a list": [z.array(z.string()), "a", "must be a list"],
  "a list for a map": [z.record(z.string(), z.string()), [], "must be an object"],
  "none of the choices": [z.enum(["Hold", "Rollback"]), "Explode", "must be one of Hold, Rollback"],
  "not the one choice": [z.literal("Healthy"), "Sick", "must be Healthy"],
  "no time": [z.iso.datetime(), "yesterday", "must be a time, e.g. `2026-11-20T10:00:00Z`"],
  "no URL": [z.url(), "foo", "must be a URL"],
  "no ARN": [z.string().startsWith("arn:"), "foo", 'must start with "arn:"'],
  "nothing in it": [z.string().min(1), "", "must not be empty"],
  "an empty list": [z.array(z.string()).min(1), [], "must not be empty"],
  "too short": [z.string().min(2), "a", "must have at least 2 characters"],
  "too many": [z.array(z.number()).max(1), [1, 2], "must have at most 1 items"],
  "too small": [z.number().gt(1), 0, "must be more than 1"],
  "too large": [z.number().max(10), 11, "must be at most 10"],
  "what has words of its own": [z.string().regex(/^a$/, "must be an a"), "b", "must be an a"],
  "none of the sorts there are": [
    z.discriminatedUnion("type", [z.object({ type: z.literal("a") }), z.object({ type: z.literal("b") })]),
    { type: "c" },
    "must be one of a, b",
  ],
  "what nothing is known of": [z.union([z.string(), z.number()]), true, "Invalid input"],
};

test.each(Object.entries(rows))("%s", (_sentence, [schema, value, says]) => {
  expect(schema.safeParse(value).error?.issues.map(issueInWords)).toEqual([says]);
});

const Request = z.strictObject({ key: z.strictObject({ name: z.string() }), count: z.int().default(1) });

test.each<[string, unknown, string[]]>([
  [
    "what is wrong where",
    { key: { name: 1 }, count: 0.5 },
    ["key.name: must be text", "count: must be a whole number"],
  ],
  ["each field there is not", { key: { name: "a", b: 1, c: 1 } }, ["key.b: unknown field", "key.c: unknown field"]],
  ["the value itself", [], ["request: must be an object"]],
])("problems name %s", (_what, value, says) => {
  const { error } = Request.safeParse(value);
  expect(error && problemsInWords(error, "request")).toEqual(says);
});
