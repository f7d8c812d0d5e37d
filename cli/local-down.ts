import { readProcesses, stateDirectory } from "../local/state.ts";
import { stopEnvironment } from "../local/stop.ts";
import type { Streams } from "./run.ts";

/** `outrigger local down`. */
export async function localDown(streams: Streams): Promise<void> {
  const directory = stateDirectory();
  const known = readProcesses(directory) !== undefined;
  const ended = await stopEnvironment(directory);
  if (ended > 0) streams.stderr(`Local environment stopped (${ended} processes).\n`);
  else streams.stderr(known ? "Local environment had ended already.\n" : "No local environment is running.\n");
}
