import type { z } from "zod";

const TYPES: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/**
 * What is wrong with a value, as a person says it: `is missing`, `must be a whole number`. The schema's own message where it
 * has one.
 */
export function issueInWords(issue: z.core.$ZodIssue): string {
  // What Zod says by itself begins with one of these words.
  if (!/^(Invalid|Too (small|big))/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      if (issue.message.endsWith("received undefined")) return "is missing";
      return `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "invalid_format":
      return formatInWords(issue);
    case "too_small":
      return limitInWords(issue.origin, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return limitInWords(issue.origin, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    case "invalid_union":
      return issue.inclusive === false || issue.options === undefined
        ? issue.message
        : `must be one of ${issue.options.map(String).join(", ")}`;
    default:
      return issue.message;
  }
}

/**
 * Every problem a schema found, one sentence each, beginning with the path.
 * @param whole names the value itself, where that is what is wrong, e.g. `body`.
 */
export function problemsInWords({ issues }: z.ZodError, whole = "it"): string[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => `${[...path, key].join(".")}: unknown field`);
    return [`${path.join(".") || whole}: ${issueInWords(issue)}`];
  });
}

function formatInWords(issue: z.core.$ZodIssueInvalidStringFormat): string {
  if (issue.format === "datetime") return "must be a time, e.g. `2026-11-20T10:00:00Z`";
  if (issue.format === "url") return "must be a URL";
  return issue.message.replace(/^Invalid string: /, "");
}

function limitInWords(origin: string, limit: number | bigint, than: string): string {
  if (origin === "string")
    return than === "at least" && limit === 1 ? "must not be empty" : `must have ${than} ${limit} characters`;
  if (origin === "array")
    return than === "at least" && limit === 1 ? "must not be empty" : `must have ${than} ${limit} items`;
  return `must be ${than} ${limit}`;
}
