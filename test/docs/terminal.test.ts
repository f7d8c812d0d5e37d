import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Terminal } from "../../docs/terminal.ts";
import { terminalPicture } from "../../docs/terminal-picture.ts";

function screenOf(...written: string[]): string[] {
  const terminal = new Terminal();
  for (const text of written) terminal.write(text);
  return terminal.lines().map((line) => line.map(({ text }) => text).join(""));
}

const cases: [sentence: string, written: string[], screen: string[]][] = [
  ["lines are written below each other", ["a\n", "b\n"], ["a", "b", ""]],
  ["a frame is drawn over the one before", ["one\ntwo\n", "\x1b[2A\r\x1b[2K1\n\x1b[2K2\n"], ["1", "2", ""]],
  ["what is below is erased", ["a\nb\nc\n", "\x1b[2A\r\x1b[J", "step\n"], ["a", "step", ""]],
  ["colours and the cursor take no room", ["\x1b[?25l\x1b[32mgreen\x1b[39m\x1b[?25h"], ["green"]],
];
test.each(cases)("%s", (_sentence, written, screen) => {
  expect(screenOf(...written)).toEqual(screen);
});

test("each run of one style is placed by its column, and text is escaped", () => {
  const terminal = new Terminal();
  terminal.write("a <b>\x1b[32m  ok\x1b[39m");
  const svg = terminalPicture(terminal.lines(), "A & B");
  expect(svg).toContain("<title>A &amp; B</title>");
  expect(svg).toContain('<text x="16.0" y="60.3" textLength="42.0">a &lt;b&gt;</text>');
  expect(svg).toContain('<text x="74.8" y="60.3" textLength="16.8" fill="#3fb950">ok</text>');
});

test("the picture of the README shows a demo as it is played now", () => {
  const svg = readFileSync(join(import.meta.dirname, "../../docs/images/demo.svg"), "utf8");
  for (const text of ["$ npm run demo", "mimir-three", "zone-c", "Progressing", "DOUBLE-ZONE EVENTS"])
    expect(svg).toContain(text);
});
