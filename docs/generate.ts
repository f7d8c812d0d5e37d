import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages } from "./pages.ts";

/** `npm run docs` writes docs/reference; with `--check` it only says what is out of date, exit code 1. */
const folder = join(import.meta.dirname, "reference");
const pages = referencePages();
mkdirSync(folder, { recursive: true });
const present = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));

const stale = [...new Set([...present.keys(), ...Object.keys(pages)])]
  .filter((file) => present.get(file) !== pages[file])
  .toSorted();

if (process.argv.includes("--check")) {
  for (const file of stale) console.error(`docs/reference/${file} is out of date: run \`npm run docs\` and commit it.`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const file of stale) {
    const text = pages[file];
    if (text === undefined) rmSync(join(folder, file));
    else writeFileSync(join(folder, file), text);
  }
}
