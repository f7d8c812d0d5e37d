import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clearDataFolder, readRecord } from "../../../local/control-plane/data-folder.ts";
import { isAlive } from "../../../local/control-plane/lock-file.ts";
import { ProcessEndedError, ProcessGroup, stopRecorded } from "../../../local/control-plane/processes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "data-folder-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a folder with somebody else's files is refused and left as it was", async () => {
  await writeFile(join(folder, "thesis.tex"), "x");
  await expect(clearDataFolder(folder, { name: "alpha" })).rejects.toThrow(/holds files of something else/);
  expect(await readdir(folder)).toEqual(["thesis.tex"]);
});

test("what an earlier control plane left is stopped and removed", async () => {
  await clearDataFolder(folder, { name: "alpha" });
  const processes = new ProcessGroup(folder, true);
  await processes.start("sleeper", "sleep", ["60"]);
  await clearDataFolder(folder, { name: "alpha" });
  expect(await readdir(folder)).toEqual(["control-plane.json"]);
  await vi.waitFor(() => expect(Object.values(processes.pids).filter(isAlive)).toEqual([]));
});

test("a folder without a started control plane says so", async () => {
  await expect(readRecord(folder)).rejects.toThrow(/holds no started control plane/);
});

test("a process id that now belongs to another process is left alone", async () => {
  const other = spawn("sleep", ["60"]);
  const recorded = [{ name: "etcd", pid: other.pid, started: "long ago" }];
  await writeFile(join(folder, "pids.json"), JSON.stringify(recorded));
  expect(await stopRecorded(folder)).toEqual([]);
  expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  other.kill("SIGKILL");
});

test("a process that ends while it is waited for is named with the end of its log", async () => {
  const processes = new ProcessGroup(folder, false);
  await processes.start("etcd", "sh", ["-c", "echo 'bind: address already in use'; exit 3"]);
  const waiting = processes.waitFor("etcd", () => Promise.resolve(false), 5_000);
  await expect(waiting).rejects.toThrow(ProcessEndedError);
  await expect(waiting).rejects.toThrow(/etcd ended \(3\) while starting:\nbind: address already in use/);
  await processes.stop();
});
