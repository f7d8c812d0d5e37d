import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordProcess } from "../../local/process-identity.ts";
import {
  type LocalState,
  readLocalState,
  readProcesses,
  removeLocalRecord,
  writeLocalRecord,
} from "../../local/state.ts";

const READY: LocalState = {
  endpoint: "http://127.0.0.1:4566",
  eksEndpoint: "http://127.0.0.1:4567",
  region: "us-east-1",
  credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
  stack: "Outrigger",
  clusters: [{ name: "local-1", kubeconfig: "admin.kubeconfig", zones: ["us-east-1a"] }],
};
const SELF = recordProcess("host", process.pid) ?? { name: "host", pid: process.pid, started: "" };
const GONE = { ...SELF, started: "another start" };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "outrigger-state-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("nothing was written: nothing runs", () => {
  expect(readProcesses(directory)).toBeUndefined();
  expect(readLocalState(directory)).toBeUndefined();
});

test("while it starts there are processes to end, but nothing to use", () => {
  writeLocalRecord(directory, { version: 1, processes: [SELF] });
  expect(readProcesses(directory)).toEqual([SELF]);
  expect(readLocalState(directory)).toBeUndefined();
});

test("once it is ready it can be used, until it is removed", () => {
  writeLocalRecord(directory, { version: 1, processes: [SELF], ready: READY });
  expect(readLocalState(directory)).toEqual(READY);
  removeLocalRecord(directory);
  expect(readLocalState(directory)).toBeUndefined();
});

test("its host has ended: it cannot be used, its processes are still known", () => {
  writeLocalRecord(directory, { version: 1, processes: [GONE], ready: READY });
  expect(readLocalState(directory)).toBeUndefined();
  expect(readProcesses(directory)).toEqual([GONE]);
});

test("what another version wrote can be ended, not used", () => {
  writeFileSync(join(directory, "local.json"), JSON.stringify({ version: 2, processes: [SELF], ready: "yes" }));
  expect(readProcesses(directory)).toEqual([SELF]);
  expect(readLocalState(directory)).toBeUndefined();
});

test("a record that cannot be read is said to be so, as something may still run", () => {
  writeFileSync(join(directory, "local.json"), "{");
  expect(() => readProcesses(directory)).toThrow(/local\.json: it does not tell the processes/);
});
