import { labelSelector } from "../lib/hub/plan.ts";
import type { ClusterSelector } from "../lib/hub/resource.ts";
import { selectorProblems } from "../lib/kubernetes/selectors.ts";
import { UsageError } from "./failure.ts";

type Requirement = NonNullable<ClusterSelector["matchExpressions"]>[number];

const SET = /^(\S+)\s+(in|notin)\s*\((.*)\)$/;
const EQUAL = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/;

/**
 * Reads a selector as kubectl takes it: `stage=prod,team!=a,region in (eu,us),!old`.
 * @throws UsageError naming the part that cannot be read.
 */
export function parseSelector(text: string): ClusterSelector {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const matchLabels: Record<string, string> = {};
  const matchExpressions: Requirement[] = [];
  for (const part of parts) {
    const equal = EQUAL.exec(part);
    const [, key = "", sign, value = ""] = equal ?? [];
    if (equal !== null && sign !== "!=" && matchLabels[key] === undefined) matchLabels[key] = value;
    else
      matchExpressions.push(
        equal === null ? requirementOf(text, part) : { key, operator: sign === "!=" ? "NotIn" : "In", values: [value] },
      );
  }
  const selector = {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
  const problems = selectorProblems(labelSelector(selector));
  if (problems.length > 0) throw new UsageError(`--selector ${text}: ${problems.join("; ")}. Correct it.`);
  return selector;
}

function requirementOf(text: string, part: string): Requirement {
  const [, key = "", word, list = ""] = SET.exec(part) ?? [];
  if (word !== undefined) {
    const values = list.split(",").map((value) => value.trim());
    return { key, operator: word === "in" ? "In" : "NotIn", values };
  }
  if (/^![^\s!]+$/.test(part)) return { key: part.slice(1), operator: "DoesNotExist" };
  if (/^[^\s!()=]+$/.test(part)) return { key: part, operator: "Exists" };
  const what = part === "" ? "it has an empty part" : `"${part}" cannot be read`;
  throw new UsageError(`--selector ${text}: ${what}. Write it as stage=prod,region in (eu,us),!old.`);
}

/** A selector as people write it. */
export function formatSelectorText({ matchLabels = {}, matchExpressions = [] }: ClusterSelector): string {
  const parts = [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === "Exists") return key;
      if (operator === "DoesNotExist") return `!${key}`;
      return `${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`;
    }),
  ];
  return parts.length === 0 ? "all clusters" : parts.join(",");
}
