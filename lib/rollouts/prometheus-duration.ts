const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ["y", 365 * 86_400],
  ["w", 7 * 86_400],
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
  ["ms", 0.001],
];
/** Each unit at most once, the largest first. */
const DURATION = new RegExp(`^${UNITS.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`);
/** What fits into 64 bits of nanoseconds. */
const MOST_SECONDS = 9_223_372_036;

/**
 * Reads a duration as Prometheus does, e.g. `1h30m`, `2d`, `1w`; a bare number other than `0` is none.
 * @returns seconds, or undefined when the text is no duration.
 */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const match = text === "" ? null : DURATION.exec(text);
  if (match === null) return undefined;
  const seconds = UNITS.reduce((total, [, unit], index) => total + Number(match[index + 1] ?? 0) * unit, 0);
  return seconds <= MOST_SECONDS ? seconds : undefined;
}
