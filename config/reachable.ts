import { readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** What the package is entered by. */
export const ENTRIES = ["infra/index.js", "cli/main.js"];
/** Commands that say they need a checkout, see `cli/checkout.ts`: what only they use is not packed. */
export const CHECKOUT_ONLY = ["cli/demo/command.js", "cli/local-up.js", "cli/local-down.js"];

const SPECIFIER = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)"([^"]+)"/gm;

/** What a compiled module imports, at once or later. */
export function importsOf(source: string): string[] {
  return [...source.matchAll(SPECIFIER)].flatMap(([, specifier]) => specifier ?? []);
}

/** The modules of a folder of compiled code which these entries reach, by path in it, without what only `skipped` reach. */
export function reachableModules(folder: string, entries: readonly string[], skipped: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file) || skipped.includes(file)) continue;
    reached.add(file);
    const from = posix.dirname(file);
    const imports = importsOf(readFileSync(join(folder, file), "utf8"));
    waiting.push(...imports.filter((name) => name.startsWith(".")).map((name) => posix.join(from, name)));
  }
  return reached;
}
