/** Whole and fractional seconds from one ISO-8601 instant to another; negative when `to` is earlier. */
export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** Seconds until `durationSeconds` have passed since `from`; 0 when they have. */
export function secondsLeft(from: string, durationSeconds: number, now: string): number {
  return Math.max(0, durationSeconds - secondsBetween(from, now));
}

/** The instant `ms` milliseconds after `from`, ISO-8601 UTC. */
export function plusMs(from: string, ms: number): string {
  return new Date(Date.parse(from) + ms).toISOString();
}
