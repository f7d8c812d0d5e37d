import { recordProcess } from "./process-identity.ts";
import { type LocalRecord, type LocalState, writeLocalRecord } from "./state.ts";

/** Writes down each process of an environment as soon as it has started, so that `local down` finds it after any crash. */
export interface StartedProcesses {
  add(name: string, pid: number): void;
  /** The environment is ready for use. */
  ready(state: LocalState): void;
}

export function startedProcesses(directory: string): StartedProcesses {
  const record: LocalRecord = { version: 1, processes: [] };
  return {
    add(name, pid) {
      const entry = recordProcess(name, pid);
      if (entry !== undefined) record.processes.push(entry);
      writeLocalRecord(directory, record);
    },
    ready: (state) => writeLocalRecord(directory, { ...record, ready: state }),
  };
}
