import type { z } from "zod";
import { issueInWords } from "../kubernetes/issue-in-words.ts";

/** @returns the known word nearest to a mistyped one, when it is near enough to be meant. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({
    candidate,
    distance: editDistance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  scored.sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate));
  const best = scored[0];
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance: single characters put in, taken out or replaced. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * Every problem a schema found, one sentence each, beginning with the path.
 * @param prefix where the parsed value sits in the whole, e.g. `detail`.
 * @param known the field names of the schema, by path (`""` for the top), for unknown fields.
 */
export function describeProblems(
  error: z.ZodError,
  prefix: string,
  known: Record<string, readonly string[]>,
): string[] {
  return error.issues.flatMap((issue) => {
    const inner = issue.path.map(String).join(".");
    const at = [prefix, inner].filter((part) => part !== "").join(".");
    if (issue.code !== "unrecognized_keys") return [at === "" ? issueInWords(issue) : `${at}: ${issueInWords(issue)}`];
    return issue.keys.map((key) => {
      const suggestion = didYouMean(key, known[inner] ?? []);
      return `${at === "" ? key : `${at}.${key}`}: unknown field${suggestion === undefined ? "" : `; did you mean \`${suggestion}\`?`}`;
    });
  });
}
