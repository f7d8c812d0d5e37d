import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 25;

/**
 * Runs `work` while holding `path` as a lock between processes of this user. A lock whose process is gone is taken over.
 * @param onProgress told once when somebody else holds the lock.
 */
export async function withLockFile<T>(
  path: string,
  onProgress: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  let announced = false;
  while (!(await take(path))) {
    const holder = await holderOf(path);
    if (holder > 0 && !isAlive(holder)) {
      // One at a time: whoever else found this holder gone may hold the lock by now.
      await withLockFile(`${path}.takeover`, onProgress, async () => {
        if ((await holderOf(path)) === holder) await rm(path, { force: true });
      });
      continue;
    }
    if (!announced) onProgress(`waiting for process ${holder || "unknown"}, which holds ${path}`);
    announced = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** @returns 0 when nobody holds it. */
const holderOf = async (path: string): Promise<number> => Number(await readFile(path, "utf8").catch(() => ""));

/** Linking a finished file is atomic: nobody ever reads a lock without its holder. */
async function take(path: string): Promise<boolean> {
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, String(process.pid));
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

/** @returns whether a process with this id exists (also when it belongs to somebody else). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
