import type { z } from "zod";
import { issueInWords } from "../kubernetes/issue-in-words.ts";
import { editDistance } from "../registry/problems.ts";
import { shownUrl } from "./gates.ts";

/** One thing wrong with a resource: which field, why, and what to do about it. */
export interface Problem {
  /** e.g. `spec.rollingUpdate.maxUnavailable`. */
  path: string;
  cause: string;
  nextStep: string;
}

/** @returns the problems as one message for a condition, e.g. `spec.azOrder: expected a list, got text; write …`. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ path, cause, nextStep }) => `${path}: ${cause}; ${nextStep}${nextStep.endsWith("?") ? "" : "."}`)
    .join(" ");
}

/** Every field name of the resource, for suggestions by place. */
const FIELDS: Record<string, readonly string[]> = {
  spec: [
    "statefulSetSelector",
    "rollingUpdate",
    "azOrder",
    "namespace",
    "paused",
    "pauseAfterZone",
    "zoneSoakSeconds",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "gates",
    "ignoreGates",
    "onStall",
    "strategy",
    "adoptStrategy",
  ],
  "spec.rollingUpdate": ["maxUnavailable", "intervalSeconds", "azTopologyKey"],
  "spec.strategy": ["type", "factor"],
  "spec.gates[]": ["alarm", "probe", "prometheus", "onNoData"],
  "spec.statefulSetSelector": ["matchLabels", "matchExpressions"],
};

/** Turns one Zod issue about a spec into problems people can act on. `raw` is the spec as written. */
export function describeIssue(issue: z.core.$ZodIssue, raw: unknown): Problem[] {
  const path = pathOf(issue.path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownField(path, key));
  const value = valueAt(raw, issue.path);
  if (path === "spec.rollingUpdate.maxUnavailable") {
    return [
      {
        path,
        cause: `${JSON.stringify(value)} is neither a whole number from 1 nor a percentage from 1% to 100%`,
        nextStep: "write a number such as 1, or a percentage such as 25% in quotes",
      },
    ];
  }
  if (value === undefined) {
    return [{ path, cause: "it is missing", nextStep: missingStep(path) }];
  }
  const shown = path.endsWith(".url") && typeof value === "string" ? shownUrl(value) : value;
  return [{ path, cause: `${JSON.stringify(shown)} is wrong (${issueInWords(issue)})`, nextStep: "correct the value" }];
}

function missingStep(path: string): string {
  if (path !== "spec.statefulSetSelector") return "add it";
  return "add matchLabels with the labels of the StatefulSets to roll together";
}

function unknownField(parent: string, key: string): Problem {
  const candidates = FIELDS[parent.replaceAll(/\[\d+\]/g, "[]")] ?? [];
  const near = candidates
    .map((name) => ({ name, distance: editDistance(name.toLowerCase(), key.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 4)))
    .sort((a, b) => a.distance - b.distance)[0];
  const elsewhere = Object.entries(FIELDS).find(([place, names]) => place !== parent && names.includes(key));
  return {
    path: `${parent}.${key}`,
    cause: "there is no such field",
    nextStep:
      near !== undefined && near.name !== key
        ? `did you mean ${near.name}?`
        : elsewhere === undefined
          ? "remove it"
          : `did you mean ${elsewhere[0]}.${key}?`,
  };
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => text + (typeof part === "number" ? `[${part}]` : `.${String(part)}`),
    "spec",
  );
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
