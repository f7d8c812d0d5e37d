import { InvalidArgumentError } from "commander";

/** @throws InvalidArgumentError unless it is a whole number, 0 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Give a whole number, 0 or more.");
  }
  return value;
}

/** Collects `name=value` of an option that may come several times. */
export function collectPairs(text: string, pairs: Record<string, string> = {}): Record<string, string> {
  const split = text.indexOf("=");
  if (split < 1) throw new InvalidArgumentError("Write it as name=value.");
  return { ...pairs, [text.slice(0, split)]: text.slice(split + 1) };
}
