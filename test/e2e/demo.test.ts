import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { whatNext } from "../../cli/demo/what-next.ts";
import { runCommand } from "../../cli/run.ts";
import { isSameProcess } from "../../local/process-identity.ts";
import { readLocalState, readProcesses } from "../../local/state.ts";
import { stopEnvironment } from "../../local/stop.ts";

const CLUSTERS = ["mimir-one", "mimir-two", "mimir-three"];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "outrigger-demo-"));
  process.env["OUTRIGGER_STATE_DIR"] = directory;
});
afterAll(async () => {
  await stopEnvironment(directory);
  delete process.env["OUTRIGGER_STATE_DIR"];
  rmSync(directory, { recursive: true, force: true });
});

async function run(line: string) {
  let [stdout, stderr] = ["", ""];
  const streams = { stdout: (text: string) => void (stdout += text), stderr: (text: string) => void (stderr += text) };
  const exitCode = await runCommand(line.split(" ").slice(1), streams);
  return { exitCode, stdout, stderr };
}

test("the demo ends as expected, stays with --keep, and every command it names works", async () => {
  const { exitCode, stdout, stderr } = await run("outrigger demo --keep");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  expect(stdout).not.toContain("\x1b[2K"); // Lines, not frames: nobody looks at a terminal.
  for (const cluster of CLUSTERS) {
    expect(stdout).toMatch(new RegExp(`^${cluster} +ingester +\\S*Completed\\S* +Completed +12 +2 +0 `, "m"));
    expect(stdout).toMatch(new RegExp(`^${cluster} +loki-write +\\S*Refused\\S* +NotOnDelete +0 +0 +0 `, "m"));
  }
  const state = readLocalState();
  expect(state?.clusters.map(({ name }) => name)).toEqual(CLUSTERS);
  const processes = readProcesses(directory) ?? [];
  expect(processes.length).toBeGreaterThan(1);

  for (const { line } of whatNext({ clusters: state?.clusters ?? [] })) {
    expect(stdout).toContain(line.slice("outrigger ".length));
    expect(await run(line), line).toMatchObject({ exitCode: 0 });
  }
  expect(processes.filter(isSameProcess)).toEqual([]);
});
