import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { isSameProcess } from "./process-identity.ts";

const RecordedProcess = z.strictObject({ name: z.string(), pid: z.int().positive(), started: z.string() });

const LocalCluster = z.strictObject({
  name: z.string(),
  /** Path of a kubeconfig with administrator rights. */
  kubeconfig: z.string(),
  zones: z.array(z.string()),
});
export type LocalCluster = z.infer<typeof LocalCluster>;

/** How a running environment is used. */
export const LocalState = z.strictObject({
  endpoint: z.string(),
  eksEndpoint: z.string(),
  region: z.string(),
  credentials: z.strictObject({ accessKeyId: z.string(), secretAccessKey: z.string() }),
  stack: z.string(),
  clusters: z.array(LocalCluster),
});
export type LocalState = z.infer<typeof LocalState>;

/** What is written about an environment, from the start of its first process on. */
const LocalRecord = z.strictObject({
  version: z.literal(1),
  /** The process that hosts it, first; then those it started. */
  processes: z.array(RecordedProcess),
  /** Present once it is ready for use. */
  ready: LocalState.optional(),
});
export type LocalRecord = z.infer<typeof LocalRecord>;

/** The part that every version writes alike, so that `local down` ends what another version started. */
const AnyRecord = LocalRecord.pick({ processes: true }).loose();

/** Folder of everything the local environment keeps: `.outrigger` of the checkout, or `OUTRIGGER_STATE_DIR`. */
export function stateDirectory(): string {
  return resolve(process.env["OUTRIGGER_STATE_DIR"] || join(import.meta.dirname, "..", ".outrigger"));
}

const recordPath = (directory: string): string => join(directory, "local.json");

/**
 * @returns the recorded processes, the host first; undefined when there is no record.
 * @throws Error when there is one that cannot be read: something may still run.
 */
export function readProcesses(directory: string): LocalRecord["processes"] | undefined {
  const text = readRecord(directory);
  if (text === undefined) return undefined;
  const parsed = AnyRecord.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.processes;
  throw new Error(
    `${recordPath(directory)}: it does not tell the processes of the local environment. ` +
      "End what still runs by hand, then remove the file.",
  );
}

/** Written beside and renamed, so that a reader sees the old text or the new one. */
export function writeLocalRecord(directory: string, record: LocalRecord): void {
  const path = recordPath(directory);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(LocalRecord.parse(record))}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeLocalRecord(directory: string): void {
  rmSync(recordPath(directory), { force: true });
}

/** @returns the environment when it is ready and its host runs. */
export function readLocalState(directory = stateDirectory()): LocalState | undefined {
  const record = LocalRecord.safeParse(parseJson(readRecord(directory) ?? "")).data;
  const host = record?.processes[0];
  return record?.ready !== undefined && host !== undefined && isSameProcess(host) ? record.ready : undefined;
}

function readRecord(directory: string): string | undefined {
  try {
    return readFileSync(recordPath(directory), "utf8");
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
