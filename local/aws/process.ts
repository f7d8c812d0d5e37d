import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A process of the local environment, leader of its own process group. */
export interface LocalProcess {
  pid: number;
  /** Ends the whole group: SIGTERM, then SIGKILL after a grace time. Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** How long a process group may take to end before it is killed. */
const STOP_GRACE_MS = 2_000;

/** @returns true while any process of the group lives. */
function groupLives(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

/**
 * Ends a process group by the pid of its leader, also when it was started by another process (`local down`). Stopped
 * members (SIGSTOP) die too.
 */
export async function stopProcessGroup(pid: number): Promise<void> {
  signalGroup(pid, "SIGTERM");
  const deadline = Date.now() + STOP_GRACE_MS;
  while (groupLives(pid) && Date.now() < deadline) await delay(25);
  while (groupLives(pid)) {
    signalGroup(pid, "SIGKILL");
    await delay(25);
  }
}

export interface StartOptions {
  /** Everything the process sees; nothing is inherited. */
  env: Record<string, string>;
  cwd: string;
  /** Output and errors are appended here. */
  logFile: string;
  /** true: it outlives this process. false: it ends with this process. */
  detached: boolean;
}

/** Starts a program in a process group of its own. */
export function startProcess(command: string, args: readonly string[], options: StartOptions): LocalProcess {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, "a");
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", log, log],
    detached: true,
  });
  closeSync(log);
  child.on("error", () => {}); // Seen by the caller as a missing pid or an ended process.
  const { pid } = child;
  if (pid === undefined) {
    throw new Error(`Could not start ${command}: it does not exist or may not be executed. Install it and try again.`);
  }
  child.unref();
  const endWithUs = (): void => signalGroup(pid, "SIGKILL");
  if (!options.detached) process.once("exit", endWithUs);
  return {
    pid,
    async stop() {
      process.removeListener("exit", endWithUs);
      await stopProcessGroup(pid);
    },
  };
}

/** Runs until the leader of the group has ended. */
export function isRunning(pid: number): boolean {
  return groupLives(pid);
}

/** @returns the last lines of a log file, for error messages. */
export function tailOf(logFile: string, lines = 15): string {
  return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}

/** @returns a TCP port on 127.0.0.1 which was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
