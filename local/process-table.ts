import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** One line of the operating system's table of processes. Processes of which only the exit code is left are not in it. */
export interface ProcessEntry {
  pid: number;
  parent: number;
  group: number;
  /** When it started, as the operating system tells it; compared as text only. */
  started: string;
}

/** All processes that run now, by id. */
export function readProcessTable(): Map<number, ProcessEntry> {
  const entries = process.platform === "linux" ? readProc() : readPs();
  return new Map(entries.map((entry) => [entry.pid, entry]));
}

function readProc(): ProcessEntry[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? readStat(Number(name)) : []));
}

/** See proc_pid_stat(5): the name may hold anything, so fields are counted after its closing bracket. */
function readStat(pid: number): ProcessEntry[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state, parent, group] = fields;
    return state === "Z" ? [] : [{ pid, parent: Number(parent), group: Number(group), started: fields[19] ?? "" }];
  } catch {
    return []; // It ended while the table was read.
  }
}

function readPs(): ProcessEntry[] {
  const text = execFileSync("ps", ["-axo", "pid=,ppid=,pgid=,stat=,lstart="], { encoding: "utf8" });
  return text.split("\n").flatMap((line) => {
    const [pid, parent, group, state = "", ...started] = line.trim().split(/\s+/);
    if (pid === undefined || pid === "" || state.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), started: started.join(" ") }];
  });
}
