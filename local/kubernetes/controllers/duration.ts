const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};

/** @returns milliseconds of a Go duration (`1m30s`); undefined when it is none. */
function parseDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 0), 0);
}

/**
 * Reads a duration (`2s`) or draws one from a range (`2s..2.5s`).
 * @returns milliseconds; the default when the text is absent or no duration.
 */
export function drawDuration(text: string | undefined, defaultMs: number, random: () => number): number {
  const [from = "", to] = text?.split("..") ?? [];
  const least = parseDuration(from);
  if (least === undefined) return defaultMs;
  const most = to === undefined ? undefined : parseDuration(to);
  return most === undefined || most <= least ? least : least + random() * (most - least);
}
