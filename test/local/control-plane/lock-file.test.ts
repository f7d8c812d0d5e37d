import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLockFile } from "../../../local/control-plane/lock-file.ts";

/** Above every process id there is. */
const GONE = 2 ** 22 + 1;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-file-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Asks for the lock; `next` waits for what is told next while somebody else holds it. */
function ask() {
  const lines: string[] = [];
  let wake = (): void => {};
  let entered = false;
  const done = withLockFile(
    path,
    (line) => {
      lines.push(line);
      wake();
    },
    async () => {
      entered = true;
    },
  );
  const next = async (): Promise<string> => {
    while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return lines.shift() ?? "";
  };
  return { done, next, entered: () => entered };
}

test("a lock is held by one at a time, and nothing of it is left", async () => {
  let inside = 0;
  const work = async (): Promise<void> => {
    expect((inside += 1)).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 4 }, () => withLockFile(path, () => {}, work)));
  expect(await readdir(folder)).toEqual([]);
});

test("a lock whose process is gone is taken over, also when that process was taking one over", async () => {
  await writeFile(path, String(GONE));
  await writeFile(`${path}.takeover`, String(GONE));
  await ask().done;
  expect(await readdir(folder)).toEqual([]);
});

test("a lock that somebody else has taken over meanwhile is left alone", async () => {
  await writeFile(path, String(GONE));
  await writeFile(`${path}.takeover`, String(process.pid));
  const asked = ask();
  expect(await asked.next()).toBe(`waiting for process ${process.pid}, which holds ${path}.takeover`);
  await writeFile(path, String(process.pid));
  await rm(`${path}.takeover`);
  expect(await asked.next()).toBe(`waiting for process ${process.pid}, which holds ${path}`);
  expect([await readFile(path, "utf8"), asked.entered()]).toEqual([String(process.pid), false]);
  await rm(path);
  await asked.done;
  expect(asked.entered()).toBe(true);
});
