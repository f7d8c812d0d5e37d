import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referencePages } from "./pages.ts";
import { withReasons } from "./reasons.ts";

/** `npm run docs` writes docs/reference, and the tables of docs/rollouts.md; with `--check` it only says what is out of date, exit code 1. */
const folder = join(import.meta.dirname, "reference");
const pages = referencePages();
mkdirSync(folder, { recursive: true });
const present = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]));

const stale = [...new Set([...present.keys(), ...Object.keys(pages)])]
  .filter((file) => present.get(file) !== pages[file])
  .toSorted();

const rollouts = join(import.meta.dirname, "rollouts.md");
const written = readFileSync(rollouts, "utf8");
const wanted = withReasons(written);

if (process.argv.includes("--check")) {
  if (written !== wanted) stale.push("../rollouts.md");
  for (const file of stale) console.error(`docs/reference/${file} is out of date: run \`npm run docs\` and commit it.`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  writeFileSync(rollouts, wanted);
  for (const file of stale) {
    const text = pages[file];
    if (text === undefined) rmSync(join(folder, file));
    else writeFileSync(join(folder, file), text);
  }
}
