/** One field that differs between two versions of a resource. */
export interface FieldChange {
  /** e.g. `spec.rollingUpdate.maxUnavailable`. */
  path: string;
  /** Absent: the field was not there. */
  before?: unknown;
  /** Absent: the field is gone. */
  after?: unknown;
}

/** Every field in which two JSON values differ, by path. Lists are compared as a whole. */
export function changesBetween(before: unknown, after: unknown, path: string): FieldChange[] {
  if (isMap(before) && isMap(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => changesBetween(before[name], after[name], `${path}.${name}`));
  }
  if (canonical(before) === canonical(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The same for equal values, whatever the order of their keys. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    isMap(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
