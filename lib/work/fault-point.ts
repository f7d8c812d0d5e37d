import { readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { WorkKey } from "./keys.ts";
import type { FaultPoint } from "./ports.ts";

/** Set to `true` by the bundler for stacks deployed with the context `faults=true`; `false` drops the code. */
declare const OUTRIGGER_FAULTS_ENABLED: boolean;

/** The points a test can name, in the order a message passes them. */
export const FAULT_POINTS = [
  "claim-send",
  "send-take",
  "take-pencil",
  "pencil-act",
  "after-delete",
  "act-ink",
  "ink-post",
] as const;

/** @returns the file that arms a point for one resource, below the fault folder. */
export const faultFile = (point: string, key: WorkKey): string =>
  `${point}@${key.cluster}.${key.namespace}.${key.name}`;

const inert: FaultPoint = async () => {};

/**
 * Fault points armed by files: whoever gets to rename the file first acts on its content, once:
 * `kill` = SIGKILL to itself, `stop` = SIGSTOP to itself, `throw` = an error.
 */
export function createArmedFaultPoint(directory: string): FaultPoint {
  return async (point, key) => {
    const armed = join(directory, faultFile(point, key));
    const mine = `${armed}.${process.pid}.consumed`;
    try {
      await rename(armed, mine);
    } catch {
      return;
    }
    const action = (await readFile(mine, "utf8")).trim();
    await unlink(mine);
    if (action === "kill") process.kill(process.pid, "SIGKILL");
    else if (action === "stop") process.kill(process.pid, "SIGSTOP");
    else throw new Error(`Fault point ${point} was armed with "${action}".`);
  };
}

/** @returns the fault points of this process: inert unless the bundle was built with them and a folder is named. */
export function createFaultPoint(environment: Record<string, string | undefined>): FaultPoint {
  // Inside the branch, so that the bundler drops what only it refers to.
  if (typeof OUTRIGGER_FAULTS_ENABLED !== "undefined" && OUTRIGGER_FAULTS_ENABLED) {
    const directory = environment["OUTRIGGER_FAULT_DIR"];
    if (directory !== undefined && directory !== "") return createArmedFaultPoint(directory);
  }
  return inert;
}
