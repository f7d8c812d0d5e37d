/**
 * The JSON merge patch (RFC 7386) that turns `from` into `to`: absent keys become null, lists are replaced whole. Nulls in
 * `to` count as absent, since a merge patch cannot write them.
 * @returns undefined when there is nothing to change.
 */
export function mergeDifference(from: unknown, to: unknown): unknown {
  if (!isRecord(to)) return JSON.stringify(from) === JSON.stringify(to) ? undefined : to;
  const before = isRecord(from) ? from : {};
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) if (!isAbsent(before[key]) && isAbsent(to[key])) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    if (isAbsent(value)) continue;
    const difference = isAbsent(before[key]) && isRecord(value) ? value : mergeDifference(before[key], value);
    if (difference !== undefined) patch[key] = difference;
  }
  return Object.keys(patch).length === 0 && isRecord(from) ? undefined : patch;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;
