import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessEntry, readProcessTable } from "./process-table.ts";

/** A process as it was when recorded. A process id alone may belong to somebody else later; with its start it may not. */
export interface RecordedProcess {
  name: string;
  pid: number;
  /** See `ProcessEntry.started`. */
  started: string;
}

const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** @returns the process with its start, or undefined when it has ended already. */
export function recordProcess(name: string, pid: number): RecordedProcess | undefined {
  const entry = readProcessTable().get(pid);
  return entry && { name, pid, started: entry.started };
}

/** Whether the recorded process (not another one under its id) runs. */
export function isSameProcess({ pid, started }: RecordedProcess): boolean {
  return readProcessTable().get(pid)?.started === started;
}

/**
 * Kills exactly the recorded processes, what they started, and what is left of the process groups they led; waits until all are
 * gone. This process itself is never killed.
 * @returns those that were still there.
 * @throws Error naming what did not end.
 */
export async function killRecorded(recorded: readonly RecordedProcess[]): Promise<ProcessEntry[]> {
  const found = new Map<number, ProcessEntry>();
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  for (;;) {
    const alive = belonging(recorded, [...found.values()], readProcessTable());
    if (alive.length === 0) return [...found.values()];
    if (Date.now() > deadline) {
      const ids = alive.map(({ pid }) => pid).join(", ");
      throw new Error(
        `Processes ${ids}: still there after SIGKILL. Look at what holds them with \`ps\`, then try again.`,
      );
    }
    for (const entry of alive) {
      found.set(entry.pid, entry);
      sendKill(entry.pid);
    }
    await sleep(POLL_MS);
  }
}

/** Recorded processes and those found before that still run, with the members of their groups and all that descends from them. */
function belonging(
  recorded: readonly RecordedProcess[],
  found: readonly ProcessEntry[],
  table: Map<number, ProcessEntry>,
): ProcessEntry[] {
  const isSame = ({ pid, started }: { pid: number; started: string }): boolean => table.get(pid)?.started === started;
  const chosen = new Set([...recorded, ...found].filter(isSame).map(({ pid }) => pid));
  // The kernel gives the id of a group that lives to no new process: a leader under that id is the recorded one or gone.
  const groups = new Set(recorded.filter(({ pid }) => chosen.has(pid) || !table.has(pid)).map(({ pid }) => pid));
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    for (const { pid, parent, group } of table.values()) if (chosen.has(parent) || groups.has(group)) chosen.add(pid);
  }
  chosen.delete(process.pid);
  return [...chosen].flatMap((pid) => table.get(pid) ?? []);
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
