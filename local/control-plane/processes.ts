import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { killRecorded, type RecordedProcess, recordProcess } from "../process-identity.ts";

const PidsFile = z.array(z.strictObject({ name: z.string(), pid: z.int().positive(), started: z.string() }));

const PIDS_FILE = "pids.json";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Starts processes, records their ids in the data folder, and keeps what they print in `logs/NAME.log`. */
export class ProcessGroup {
  readonly #directory: string;
  readonly #detached: boolean;
  readonly #children = new Map<string, ChildProcess>();
  readonly #recorded: RecordedProcess[] = [];
  readonly #onExit = (): void => this.#kill();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#kill();
    this.#forgetExit();
    process.kill(process.pid, signal);
  };

  /** @param detached the processes outlive this one; otherwise they end with it. */
  constructor(directory: string, detached: boolean) {
    this.#directory = directory;
    this.#detached = detached;
    if (detached) return;
    process.once("exit", this.#onExit);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  #forgetExit(): void {
    process.removeListener("exit", this.#onExit);
    for (const signal of SIGNALS) process.removeListener(signal, this.#onSignal);
  }

  get pids(): Record<string, number> {
    return Object.fromEntries(
      [...this.#children].flatMap(([name, { pid }]) => (pid === undefined ? [] : [[name, pid]])),
    );
  }

  /** @throws Error when the program cannot be started at all. */
  async start(name: string, command: string, args: readonly string[]): Promise<void> {
    mkdirSync(join(this.#directory, "logs"), { recursive: true });
    const log = openSync(this.#logFile(name), "a", 0o600);
    const child = spawn(command, args, { stdio: ["ignore", log, log], detached: this.#detached });
    closeSync(log);
    this.#children.set(name, child);
    if (this.#detached) child.unref();
    if (child.pid !== undefined) this.#record(name, child.pid);
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  }

  #record(name: string, pid: number): void {
    const recorded = recordProcess(name, pid);
    if (recorded !== undefined) this.#recorded.push(recorded);
    const path = join(this.#directory, PIDS_FILE);
    writeFileSync(`${path}.new`, JSON.stringify(this.#recorded));
    renameSync(`${path}.new`, path);
  }

  /**
   * Asks again and again until `isReady` says true.
   * @throws Error with the end of the log when the process ends first or the time is over.
   */
  async waitFor(name: string, isReady: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const child = this.#children.get(name);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (await isReady().catch(() => false)) return;
      const ended = child?.exitCode ?? child?.signalCode ?? undefined;
      if (ended !== undefined)
        throw new ProcessEndedError(name, `${name} ended (${ended}) while starting:\n${this.#logEnd(name)}`);
      if (Date.now() > deadline) throw new Error(`${name} was not ready after ${timeoutMs} ms:\n${this.#logEnd(name)}`);
      await sleep(25);
    }
  }

  /** Kills every process started here and waits until all are gone. */
  async stop(): Promise<void> {
    this.#forgetExit();
    const ends = [...this.#children.values()]
      .filter((child) => child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      .map((child) => {
        child.ref();
        return new Promise((resolve) => child.once("exit", resolve));
      });
    this.#kill();
    await Promise.all(ends);
    this.#children.clear();
    this.#recorded.length = 0;
    await rm(join(this.#directory, PIDS_FILE), { force: true });
  }

  #kill(): void {
    for (const child of this.#children.values()) child.kill("SIGKILL");
  }

  #logFile(name: string): string {
    return join(this.#directory, "logs", `${name}.log`);
  }

  #logEnd(name: string): string {
    return readFileSync(this.#logFile(name), "utf8").trim().split("\n").slice(-15).join("\n");
  }
}

/** A process ended before it was ready. */
export class ProcessEndedError extends Error {
  override readonly name = "ProcessEndedError";
  readonly process: string;

  constructor(processName: string, message: string) {
    super(message);
    this.process = processName;
  }
}

/**
 * Kills the processes recorded in a data folder, whichever process started them, and waits until they are gone.
 * @returns how many were still there.
 */
export async function stopRecorded(directory: string): Promise<number> {
  const path = join(directory, PIDS_FILE);
  const text = await readFile(path, "utf8").catch(() => "[]");
  const found = await killRecorded(PidsFile.parse(JSON.parse(text)));
  await rm(path, { force: true });
  return found.length;
}

/** Writes beside and renames, so that a reader sees the old text or the new one. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
