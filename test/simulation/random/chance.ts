/** Numbers in [0, 1). */
export type Random = () => number;

/** A number from `least` to `most`. */
export const between = (random: Random, least: number, most: number): number => least + random() * (most - least);
/** A whole number from `least` to `most`, both included. */
export const whole = (random: Random, least: number, most: number): number =>
  Math.floor(between(random, least, most + 1));

/** One of several. */
export function oneOf<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}
