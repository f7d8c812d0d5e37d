import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** What each npm command prints last, and its exit code. */
interface Suites {
  ci?: number;
  test: [last: string, exitCode: number];
  /** Default: passes, with no test of its own. */
  package?: [last: string, exitCode: number];
  aws: [last: string, exitCode: number];
  kubernetes: [last: string, exitCode: number];
}

interface Case {
  sentence: string;
  suites: Suites;
  last: string;
  exitCode: number;
  /** What is told again after all suites, before the last line; nothing by default. */
  told?: string[];
}

const cases: Case[] = [
  {
    sentence: "all suites pass",
    suites: {
      test: ["10 passed, 0 failed", 0],
      package: ["5 passed, 0 failed", 0],
      aws: ["2 passed, 0 failed", 0],
      kubernetes: ["3 passed, 0 failed", 0],
    },
    last: "20 passed, 0 failed",
    exitCode: 0,
  },
  {
    sentence: "failures and skipped tests are added up",
    suites: {
      test: ["10 passed, 1 failed, 2 skipped", 1],
      aws: ["2 passed, 0 failed, 1 skipped", 0],
      kubernetes: ["0 passed, 4 failed", 1],
    },
    last: "12 passed, 5 failed, 3 skipped",
    exitCode: 1,
    told: ["what failed in test", "what failed in run test:kubernetes"],
  },
  {
    sentence: "a suite that prints no counts is a failure",
    suites: {
      test: ["10 passed, 0 failed", 0],
      aws: ["python3: command not found", 127],
      kubernetes: ["1 passed, 0 failed", 0],
    },
    last: "11 passed, 1 failed",
    exitCode: 1,
    told: [
      "test:aws: did not close with its counts, exit code 127; its last lines:",
      "    some output",
      "    python3: command not found",
    ],
  },
  {
    sentence: "a suite that counts no failure but does not end well is a failure",
    suites: { test: ["10 passed, 0 failed", 1], aws: ["1 passed, 0 failed", 0], kubernetes: ["1 passed, 0 failed", 0] },
    last: "12 passed, 1 failed",
    exitCode: 1,
    told: ["test: no test failed, exit code 1"],
  },
  {
    sentence: "nothing can run without an install",
    suites: {
      ci: 1,
      test: ["1 passed, 0 failed", 0],
      aws: ["1 passed, 0 failed", 0],
      kubernetes: ["1 passed, 0 failed", 0],
    },
    last: "0 passed, 1 failed",
    exitCode: 1,
  },
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-ci-"));
  cpSync(join(import.meta.dirname, "../.ci/run"), join(folder, ".ci/run"));
  mkdirSync(join(folder, "bin"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An `npm` that plays the suites and insists on what a CI promises them. */
function writeNpm({ ci = 0, ...suites }: Suites): void {
  const play = ([last, exitCode]: [string, number]) => {
    const told = / [1-9]\d* failed/.test(last) ? 'echo "what failed in $*" >> "$OUTRIGGER_FAILURES"; ' : "";
    return `${told}echo "some output"; echo "${last}"; exit ${exitCode} ;;`;
  };
  const script = [
    "#!/bin/sh",
    '[ "$CI" = true ] && ! read -r line && [ -f .ci/run ] || exit 99',
    'case "$*" in',
    `ci) exit ${ci} ;;`,
    `test) ${play(suites.test)}`,
    `"run test:package") ${play(suites.package ?? ["0 passed, 0 failed", 0])}`,
    `"run test:aws") ${play(suites.aws)}`,
    `"run test:kubernetes") ${play(suites.kubernetes)}`,
    "esac",
    "exit 98",
  ];
  writeFileSync(join(folder, "bin/npm"), `${script.join("\n")}\n`, { mode: 0o755 });
}

test.each(cases)("$sentence", ({ suites, last, exitCode, told = [] }) => {
  writeNpm(suites);
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"]}` };
  const run = spawnSync(join(folder, ".ci/run"), {
    cwd: tmpdir(),
    env,
    encoding: "utf8",
    input: "not for the suites\n",
  });
  expect(run.stdout.trimEnd().split("\n").at(-1)).toBe(last);
  expect(run.status).toBe(exitCode);
  const end = run.stdout.split("\n== failed\n")[1] ?? "";
  expect(end.trimEnd().split("\n").slice(0, -1).filter(Boolean)).toEqual(told);
});
