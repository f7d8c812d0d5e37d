import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const repository = join(import.meta.dirname, "..");
const IMPORT = `import { expect, test } from ${JSON.stringify(join(repository, "node_modules/vitest/dist/index.js"))};\n`;

interface Case {
  sentence: string;
  source: string;
  last: string;
  exitCode: number;
  /** What is told of failures, for the end of a CI run; none by default. */
  told?: string[];
}

const cases: Case[] = [
  {
    sentence: "tests that pass",
    source: `${IMPORT}test("a", () => {}); test("b", () => {});`,
    last: "2 passed, 0 failed",
    exitCode: 0,
  },
  {
    sentence: "a failing test, a skipped one",
    source: `${IMPORT}test("a", () => {}); test("b", () => expect(1).toBe(2)); test.skip("c", () => {});`,
    last: "1 passed, 1 failed, 1 skipped",
    exitCode: 1,
    told: ["seed.test.mjs > b", "    expected 1 to be 2", "    at "],
  },
  {
    sentence: "a file that cannot be loaded is a failure",
    source: `throw new Error("broken");`,
    last: "0 passed, 1 failed",
    exitCode: 1,
    told: ["seed.test.mjs, outside its tests", "    broken"],
  },
  {
    sentence: "a hook that fails is a failure",
    source: `${IMPORT}import { beforeAll, describe } from ${JSON.stringify(join(repository, "node_modules/vitest/dist/index.js"))};
describe("with a hook", () => { beforeAll(() => { throw new Error("no server"); }); test("a", () => {}); });`,
    last: "0 passed, 1 failed, 1 skipped",
    exitCode: 1,
    told: ["seed.test.mjs, outside its tests", "    no server"],
  },
  {
    sentence: "an error nobody caught is a failure",
    source: `${IMPORT}test("a", () => { setTimeout(() => { throw new Error("late"); }); return new Promise((r) => setTimeout(r, 50)); });`,
    last: "1 passed, 1 failed",
    exitCode: 1,
    told: ["an error outside any test", "    late"],
  },
  {
    sentence: "a run in which everything was skipped is a failure",
    source: `${IMPORT}test.skip("a", () => {});`,
    last: "0 passed, 0 failed, 1 skipped",
    exitCode: 1,
  },
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-reporter-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each(cases)("$sentence", ({ source, last, exitCode, told = [] }) => {
  writeFileSync(join(folder, "seed.test.mjs"), source);
  writeFileSync(join(folder, "vitest.config.mjs"), "export default { test: { include: ['*.test.mjs'] } };");
  const vitest = join(repository, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", `--reporter=${join(repository, "test/reporter.ts")}`];
  const failures = join(folder, "failures");
  const run = spawnSync(process.execPath, [vitest, "run", "--root", folder, ...reporters], {
    encoding: "utf8",
    env: { ...process.env, OUTRIGGER_FAILURES: failures },
  });
  expect(run.stdout.trimEnd().split("\n").at(-1)).toBe(last);
  expect(run.status).toBe(exitCode);
  const lines = existsSync(failures) ? readFileSync(failures, "utf8").trimEnd().split("\n") : [];
  expect(lines.length > 0).toBe(told.length > 0);
  for (const line of told) expect(lines).toContainEqual(expect.stringContaining(line));
});
