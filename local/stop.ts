import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stopRecorded } from "./control-plane/processes.ts";
import { killRecorded } from "./process-identity.ts";
import { readProcesses, removeLocalRecord } from "./state.ts";

/** Where an environment keeps the data of its parts, below its directory. */
export const instanceDirectory = (directory: string): string => join(directory, "local");
export const clustersDirectory = (directory: string): string => join(instanceDirectory(directory), "clusters");

/**
 * Ends everything of an environment: exactly the recorded processes and what they started, also after a crash of their host. The
 * clusters' data goes too, logs of the other parts stay. A host that calls this for itself ends itself.
 * @returns how many processes were still there.
 */
export async function stopEnvironment(directory: string): Promise<number> {
  const ended = await killRecorded(readProcesses(directory) ?? []);
  const clusters = await Promise.all(clusterFolders(directory).map((folder) => stopRecorded(folder)));
  rmSync(clustersDirectory(directory), { recursive: true, force: true });
  removeLocalRecord(directory);
  return ended.length + clusters.flat().length;
}

function clusterFolders(directory: string): string[] {
  try {
    return readdirSync(clustersDirectory(directory)).map((name) => join(clustersDirectory(directory), name));
  } catch {
    return [];
  }
}
