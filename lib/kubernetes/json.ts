/** `JSON.rawJSON` (ES2025 proposal, in Node since 21) writes a number's digits as they are. */
const rawJson = (JSON as unknown as { rawJSON: (this: void, text: string) => unknown }).rawJSON;

/** Writes JSON; bigints, which `readYaml` uses for integers beyond 2^53, become plain numbers with all their digits. */
export function writeJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? rawJson(String(item)) : item));
  }
}
