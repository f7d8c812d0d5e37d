import type { LabelSelector, LabelSelectorRequirement } from "./objects.ts";

/** A label selector that Kubernetes would not accept. The message lists every problem with its place. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`invalid label selector: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const OPERATORS: readonly string[] = ["In", "NotIn", "Exists", "DoesNotExist"];

/** @returns whether the text is a label key: an optional DNS prefix of ≤ 253 characters, "/", and a name of ≤ 63. */
function isLabelKey(text: string): boolean {
  const parts = text.split("/");
  const name = parts.pop() ?? "";
  const [prefix] = parts;
  if (parts.length > 1) return false;
  return NAME.test(name) && (prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix)));
}

const isLabelValue = (text: string): boolean => text === "" || NAME.test(text);

/** @returns what Kubernetes would refuse, one sentence each; empty = valid. An absent or empty selector is valid. */
export function selectorProblems(selector: LabelSelector): string[] {
  const labels = Object.entries(selector.matchLabels ?? {}).flatMap(([key, value]) => [
    ...(isLabelKey(key) ? [] : [`matchLabels has the key ${quote(key)}, which is no label key`]),
    ...(isLabelValue(value) ? [] : [`matchLabels.${key} is ${quote(value)}, which is no label value`]),
  ]);
  return [...labels, ...(selector.matchExpressions ?? []).flatMap(requirementProblems)];
}

function requirementProblems(requirement: LabelSelectorRequirement, index: number): string[] {
  const place = `matchExpressions[${index}]`;
  const { key, operator, values = [] } = requirement;
  const problems: string[] = [];
  if (!isLabelKey(key)) problems.push(`${place}.key is ${quote(key)}, which is no label key`);
  if (!OPERATORS.includes(operator)) {
    problems.push(`${place}.operator is ${quote(operator)}, use In, NotIn, Exists or DoesNotExist`);
  }
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues && values.length === 0) problems.push(`${place} with operator ${operator} needs at least one value`);
  if (!wantsValues && values.length > 0) problems.push(`${place} with operator ${operator} takes no values`);
  for (const value of values) {
    if (!isLabelValue(value)) problems.push(`${place}.values holds ${quote(value)}, which is no label value`);
  }
  return problems;
}

/**
 * Writes a selector as the API's `labelSelector` parameter, sorted by key. An empty selector becomes "" and selects
 * everything. Throws `SelectorError`.
 */
export function formatSelector(selector: LabelSelector): string {
  const problems = selectorProblems(selector);
  if (problems.length > 0) throw new SelectorError(problems);
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): [string, string] => [
    key,
    `${key}=${value}`,
  ]);
  const others = (selector.matchExpressions ?? []).map((requirement): [string, string] => [
    requirement.key,
    formatRequirement(requirement),
  ]);
  return [...equal, ...others]
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(",");
}

function formatRequirement({ key, operator, values = [] }: LabelSelectorRequirement): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  return `${key} ${operator === "In" ? "in" : "notin"} (${values.toSorted().join(",")})`;
}

/** @returns whether the labels are selected. An empty selector selects everything; `NotIn` also selects what lacks the key. */
export function matchesSelector(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels, key);
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => has(key) && labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      if (operator === "Exists") return has(key);
      if (operator === "DoesNotExist") return !has(key);
      const listed = has(key) && values.includes(labels[key] ?? "");
      return operator === "In" ? listed : !listed;
    })
  );
}

const quote = (text: string): string => JSON.stringify(text);
