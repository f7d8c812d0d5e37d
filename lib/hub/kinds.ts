import { MULTI_AZ_ROLLOUTS } from "../kubernetes/types.ts";
import { didYouMean } from "../registry/problems.ts";
import { describeProblems } from "../rollouts/problems.ts";
import { parseSpec } from "../rollouts/spec.ts";

/** A kind whose resources may live in the hub. */
interface HubKind {
  kind: string;
  apiVersion: string;
  /** @returns everything wrong with a spec, in words; undefined when it is right. */
  refuse(spec: unknown, namespace: string): string | undefined;
}

const KINDS: readonly HubKind[] = [
  {
    kind: MULTI_AZ_ROLLOUTS.kind,
    apiVersion: MULTI_AZ_ROLLOUTS.apiVersion,
    refuse(spec, namespace) {
      const parsed = parseSpec(spec, namespace);
      return parsed.ok ? undefined : describeProblems(parsed.problems);
    },
  },
];

/** @returns the kind, or what is wrong with the one that was named. */
export function findKind(apiVersion: string, kind: string): HubKind | { problem: string } {
  const found = KINDS.find((each) => each.kind === kind);
  if (found === undefined) {
    const names = KINDS.map((each) => each.kind);
    const near = didYouMean(kind, names);
    return {
      problem: `kind: the hub keeps no ${kind}; ${near === undefined ? `use ${names.join(", ")}` : `did you mean ${near}?`}`,
    };
  }
  if (found.apiVersion === apiVersion) return found;
  return { problem: `apiVersion: ${kind} is served as ${found.apiVersion}, not ${apiVersion}; write that` };
}
