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

/** Closes a run with `N passed, N failed[, N skipped]`; a run in which no test passed or failed is itself a failure. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const totals = count(modules, errors);
    if (totals.passed + totals.failed === 0) process.exitCode = 1;
    process.stdout.write(`${closingLine(totals)}\n`);
  }
}
