import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join, resolve } from "node:path";
import { EnvironmentOptions, type EnvironmentRequest, HostMessage } from "./host-protocol.ts";
import { isSameProcess } from "./process-identity.ts";
import { type LocalState, readProcesses } from "./state.ts";
import { stopEnvironment } from "./stop.ts";

/** A local environment hosted by another process. */
export interface HostedEnvironment {
  state: LocalState;
  /** Leaves it running when it was asked for as detached. */
  release(): void;
  /** Ends all of its processes and waits until they are gone. */
  stop(): Promise<void>;
}

const HOST_PROGRAM = join(import.meta.dirname, "host.ts");

/**
 * Starts a local environment in a process of its own and waits until its clusters are registered and probed. When this process
 * ends first, or the signal aborts, the environment ends too.
 * @param onProgress told one line for each step.
 * @throws Error naming what is missing or what failed; nothing is left running then.
 */
export async function hostEnvironment(
  request: EnvironmentRequest,
  onProgress: (line: string) => void,
  signal?: AbortSignal,
): Promise<HostedEnvironment> {
  const options = EnvironmentOptions.parse({ ...request, directory: resolve(request.directory) });
  mkdirSync(options.directory, { recursive: true });
  const [other] = readProcesses(options.directory) ?? [];
  if (other !== undefined && isSameProcess(other)) {
    throw new Error("Local environment: it is running already. Stop it with `outrigger local down` first.");
  }
  const logFile = join(options.directory, "host.log");
  const log = openSync(logFile, "w", 0o600);
  const host = spawn(process.execPath, [HOST_PROGRAM, JSON.stringify(options)], {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  closeSync(log);
  const stop = async (): Promise<void> => {
    await stopEnvironment(options.directory);
    await ended(host);
  };
  try {
    const state = await waitUntilReady(host, logFile, onProgress, signal);
    const release = (): void => {
      host.disconnect();
      host.unref();
    };
    return { state, release, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function waitUntilReady(
  host: ChildProcess,
  logFile: string,
  onProgress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<LocalState> {
  return new Promise((resolve, reject) => {
    const interrupted = (): void =>
      reject(new Error("Local environment: interrupted while starting. Nothing is left running."));
    if (signal?.aborted === true) interrupted();
    signal?.addEventListener("abort", interrupted, { once: true });
    host.on("message", (message) => {
      const { data, error } = HostMessage.safeParse(message);
      if (data === undefined) reject(new Error(`The host of the local environment was not understood: ${error}`));
      else if (data.type === "progress") onProgress(data.line);
      else if (data.type === "ready") resolve(data.state);
      else reject(new Error(data.message));
    });
    host.once("error", reject);
    host.once("exit", (code, signal) => {
      reject(new Error(`The host of the local environment ended (${signal ?? code}). Its log is ${logFile}.`));
    });
  });
}

async function ended(host: ChildProcess): Promise<void> {
  if (host.pid === undefined || host.exitCode !== null || host.signalCode !== null) return;
  host.kill("SIGKILL");
  await once(host, "exit");
}
