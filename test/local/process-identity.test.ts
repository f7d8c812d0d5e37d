import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { isSameProcess, killRecorded, recordProcess } from "../../local/process-identity.ts";
import { readProcessTable } from "../../local/process-table.ts";

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** A process that says something once it runs. */
async function start(script: string) {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["pipe", "pipe", "ignore"] });
  started.push(child);
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { child, pid: child.pid ?? 0, said: said.toString().trim() };
}

const isRunning = (pid: number): boolean => readProcessTable().has(pid);

test("a recorded process is killed", async () => {
  const { child, pid } = await start("echo up; exec sleep 60");
  const recorded = recordProcess("sleeper", pid);
  expect(recorded).toMatchObject({ name: "sleeper", pid });
  expect(recorded && isSameProcess(recorded)).toBe(true);
  const exit = once(child, "exit");
  const ended = await killRecorded(recorded ? [recorded] : []);
  await exit;
  expect(ended.map((entry) => entry.pid)).toEqual([pid]);
  expect(isRunning(pid)).toBe(false);
});

test("what a recorded process started goes with it, also from another process group", async () => {
  const { pid, said } = await start("setsid sleep 60 & echo $!; wait");
  const recorded = recordProcess("parent", pid);
  await killRecorded(recorded ? [recorded] : []);
  expect(isRunning(Number(said))).toBe(false);
});

test("the group of a leader that has ended already is killed", async () => {
  const { child, pid, said } = await start("sleep 60 & echo $!; read line");
  const recorded = recordProcess("leader", pid);
  const exit = once(child, "exit");
  child.stdin.end();
  await exit;
  expect(isRunning(Number(said))).toBe(true);
  await killRecorded(recorded ? [recorded] : []);
  expect(isRunning(Number(said))).toBe(false);
});

test("another process that has the recorded id now is left alone", async () => {
  const { pid } = await start("echo up; exec sleep 60");
  const stranger = { name: "gone long ago", pid, started: "another start" };
  expect(isSameProcess(stranger)).toBe(false);
  expect(await killRecorded([stranger])).toEqual([]);
  expect(isRunning(pid)).toBe(true);
});
