import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clearDataFolder, readRecord } from "../../../local/control-plane/data-folder.ts";
import { isAlive } from "../../../local/control-plane/lock-file.ts";
import { ProcessEndedError, ProcessGroup, stopRecorded } from "../../../local/control-plane/processes.ts";
import { recordProcess } from "../../../local/process-identity.ts";

/** Other processes end when the machine lets them. */
const PATIENCE = { timeout: 20_000 };

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
  await vi.waitFor(() => expect(Object.values(processes.pids).filter(isAlive)).toEqual([]), PATIENCE);
});

test("a folder without a started control plane says so", async () => {
  await expect(readRecord(folder)).rejects.toThrow(/holds no started control plane/);
});

test("a process id that now belongs to another process is left alone", async () => {
  const other = spawn("sleep", ["60"]);
  const recorded = [{ name: "etcd", pid: other.pid, started: "long ago" }];
  await writeFile(join(folder, "pids.json"), JSON.stringify(recorded));
  expect(await stopRecorded(folder)).toBe(0);
  expect([other.exitCode, other.signalCode]).toEqual([null, null]);
  other.kill("SIGKILL");
});

test("processes that are not detached end with the one that started them", async () => {
  const program = `
    import { ProcessGroup } from ${JSON.stringify(join(import.meta.dirname, "../../../local/control-plane/processes.ts"))};
    const processes = new ProcessGroup(${JSON.stringify(folder)}, false);
    await processes.start("sleeper", "sleep", ["60"]);
    console.log(processes.pids.sleeper);
    setInterval(() => {}, 1_000);`;
  const owner = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = (await once(owner.stdout, "data")) as [Buffer];
  const sleeper = Number(output.toString());
  expect(isAlive(sleeper)).toBe(true);
  owner.kill("SIGTERM");
  expect(await once(owner, "exit")).toEqual([null, "SIGTERM"]);
  await vi.waitFor(() => expect(recordProcess("sleeper", sleeper)).toBeUndefined(), PATIENCE);
});

test("a process that ends while it is waited for is named with the end of its log", async () => {
  const processes = new ProcessGroup(folder, false);
  await processes.start("etcd", "sh", ["-c", "echo 'bind: address already in use'; exit 3"]);
  const waiting = processes.waitFor("etcd", () => Promise.resolve(false), PATIENCE.timeout);
  await expect(waiting).rejects.toThrow(ProcessEndedError);
  await expect(waiting).rejects.toThrow(/etcd ended \(3\) while starting:\nbind: address already in use/);
  await processes.stop();
});
