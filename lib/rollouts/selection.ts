import type { StatefulSet } from "../kubernetes/objects.ts";

/**
 * One selector that matches at least the pods of all these StatefulSets, so that they come in one list and one watch;
 * what it matches beyond them is told apart by owner reference. Undefined = they have no label in common.
 */
export function podSelector(statefulSets: readonly StatefulSet[]): string | undefined {
  const all = statefulSets.map(({ spec }) => spec.selector.matchLabels ?? {});
  const [first] = all;
  if (first === undefined) return undefined;
  const requirements = Object.keys(first)
    .filter((key) => all.every((labels) => labels[key] !== undefined))
    .sort()
    .map((key) => {
      const values = [...new Set(all.flatMap((labels) => labels[key] ?? []))].sort();
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(",")})`;
    });
  return requirements.length === 0 ? undefined : requirements.join(",");
}
