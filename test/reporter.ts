import { appendFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** What a run came to. `failed` also counts files that could not be loaded and errors outside any test. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** The line every suite closes with; `.ci/run` adds them up. */
export function closingLine({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function count(modules: readonly TestModule[], errors: readonly SerializedError[]): Totals {
  const totals = { passed: 0, failed: errors.length, skipped: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) totals[outcome(test.result().state)] += 1;
    const tests = [...module.children.allTests()];
    if (module.state() === "failed" && !tests.some((test) => test.result().state === "failed")) totals.failed += 1;
  }
  return totals;
}

function outcome(state: string): keyof Totals {
  if (state === "passed" || state === "failed") return state;
  return "skipped";
}

/** Of one failure, at most so many characters are told again. */
const maxReasonLength = 1500;

/** What failed, and why: each test, each file that could not be loaded, each error outside any test. */
function failures(modules: readonly TestModule[], errors: readonly SerializedError[]): string[] {
  const told = errors.map((error) => reason("an error outside any test", [error]));
  for (const module of modules) {
    const file = `${module.project.name} ${module.relativeModuleId}`;
    const tests = [...module.children.allTests()];
    for (const test of tests) {
      const result = test.result();
      if (result.state === "failed") told.push(reason(`${file} > ${test.fullName}`, result.errors));
    }
    if (module.state() === "failed") {
      const outside = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
      if (outside.length > 0) told.push(reason(`${file}, outside its tests`, outside));
    }
  }
  return told;
}

function reason(name: string, errors: readonly SerializedError[]): string {
  const lines = errors.flatMap(({ message, diff, stacks }) => [
    message,
    ...(typeof diff === "string" ? [diff] : []),
    ...(stacks?.[0] ? [`at ${stacks[0].file}:${stacks[0].line}`] : []),
  ]);
  return `${name}\n${stripVTControlCharacters(lines.join("\n")).slice(0, maxReasonLength).replaceAll(/^/gm, "    ")}`;
}

/**
 * Closes a run with `N passed, N failed[, N skipped]`; a run in which no test passed or failed is itself a failure.
 * With `OUTRIGGER_FAILURES` (a file) what failed is appended there too, to be told again after all suites.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const totals = count(modules, errors);
    if (totals.passed + totals.failed === 0) process.exitCode = 1;
    const file = process.env["OUTRIGGER_FAILURES"];
    if (file) for (const failure of failures(modules, errors)) appendFileSync(file, `${failure}\n`);
    process.stdout.write(`${closingLine(totals)}\n`);
  }
}
