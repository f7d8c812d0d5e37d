import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Cell, Terminal } from "./terminal.ts";
import { terminalPicture } from "./terminal-picture.ts";

/**
 * `npm run docs:picture` plays the demo once and draws docs/images/demo.svg from what it printed: the screen when half of the
 * pods were replaced, and the table at its end.
 */
const COLUMNS = 124;
const TITLE = "outrigger demo: rollouts over three zones in three clusters, half done, and the closing table";
process.env["FORCE_COLOR"] = "1"; // Before anything reads it.
const { runCommand } = await import("../cli/run.ts");

const terminal = new Terminal();
let halfway: Cell[][] | undefined;
const exitCode = await runCommand(["demo"], {
  stdout(text) {
    terminal.write(text);
    process.stdout.write(text);
    if (halfway === undefined && progressOf(terminal.lines()) >= 0.5) halfway = terminal.lines();
  },
  stderr: (text) => void process.stderr.write(text),
  terminal: { columns: () => COLUMNS },
});
if (exitCode !== 0 || halfway === undefined) throw new Error("The demo did not end as expected; no picture was drawn.");

const folder = join(import.meta.dirname, "images");
mkdirSync(folder, { recursive: true });
const closing = terminal.lines();
const table = closing.slice(closing.findIndex((line) => textOf(line).startsWith("CLUSTER")));
const prompt = lineOf("$ npm run demo");
const screen = [prompt, ...trimmed(halfway), [], lineOf("⋮"), [], ...trimmed(table)];
writeFileSync(join(folder, "demo.svg"), terminalPicture(screen, TITLE));

/** Share of the pods replaced, from the counts beside the bars. */
function progressOf(lines: readonly Cell[][]): number {
  const counts = lines.map(textOf).flatMap((line) => [...line.matchAll(/[━─] +(\d+)\/(\d+)/g)]);
  const sum = (group: number): number => counts.reduce((total, count) => total + Number(count[group]), 0);
  return sum(1) / Math.max(1, sum(2));
}

function textOf(line: readonly Cell[]): string {
  return line.map(({ text }) => text).join("");
}

function lineOf(text: string): Cell[] {
  return Array.from(text, (character) => ({ text: character, bold: false, dim: true }));
}

function trimmed(lines: readonly Cell[][]): Cell[][] {
  const last = lines.findLastIndex((line) => textOf(line).trim() !== "");
  return lines.slice(0, last + 1);
}
