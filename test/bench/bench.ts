/** What may be asked of a bench; each takes what it knows. */
export interface BenchOptions {
  /** How long it is measured, for a bench that waits for time to pass. */
  minutes?: number;
}

/** Runs one comparison; tells its progress line by line and returns its figures by name. */
export type Bench = (log: (line: string) => void, options?: BenchOptions) => Promise<Record<string, number>>;

/** Calls that are made one after the other by each caller. */
export type Call = () => Promise<unknown>;

/** Calls finished per second, by this many callers during this time. */
export async function throughput(call: Call, callers: number, durationMs: number): Promise<number> {
  const startedAt = performance.now();
  let calls = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() - startedAt < durationMs) {
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, loop));
  return (calls / (performance.now() - startedAt)) * 1_000;
}

/** The middle value; of the two middle ones the mean. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
