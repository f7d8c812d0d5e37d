import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createArmedFaultPoint, createFaultPoint, faultFile } from "../../../lib/work/fault-point.ts";
import { KEY } from "../../fakes/lane.ts";

const source = fileURLToPath(new URL("../../../lib/work/fault-point.ts", import.meta.url));
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "outrigger-faults-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const arm = (point: string, action: string) => writeFile(join(directory, faultFile(point, KEY)), action);

function bundle(enabled: boolean): string {
  const built = buildSync({
    stdin: {
      contents: `import { createFaultPoint } from ${JSON.stringify(source)}; await createFaultPoint(process.env)("act-ink", ${JSON.stringify(KEY)}); console.log("past");`,
      resolveDir: directory,
    },
    bundle: true,
    write: false,
    minify: true,
    platform: "node",
    format: "esm",
    define: { OUTRIGGER_FAULTS_ENABLED: String(enabled) },
  });
  return built.outputFiles[0]?.text ?? "";
}

describe("an armed fault point", () => {
  it("acts once, on the key and point its file names", async () => {
    const faultPoint = createArmedFaultPoint(directory);
    await arm("act-ink", "throw");
    await faultPoint("ink-post", KEY);
    await faultPoint("act-ink", { ...KEY, name: "other" });
    await expect(faultPoint("act-ink", KEY)).rejects.toThrow("act-ink");
    await faultPoint("act-ink", KEY);
    expect(await readdir(directory)).toEqual([]);
  });

  it("is consumed by one of several processes that pass it together", async () => {
    const faultPoint = createArmedFaultPoint(directory);
    await arm("act-ink", "throw");
    const results = await Promise.allSettled([1, 2, 3].map(() => faultPoint("act-ink", KEY)));
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(1);
  });

  it("names its file by point, cluster, namespace and name", () => {
    expect(faultFile("claim-send", KEY)).toBe("claim-send@prod.mimir.ingester");
  });

  describe("in a bundle built with faults", () => {
    const start = async (): Promise<ChildProcess> => {
      const script = join(directory, "bundle.mjs");
      await writeFile(script, bundle(true));
      return spawn(process.execPath, [script], {
        env: { OUTRIGGER_FAULT_DIR: directory },
        stdio: ["ignore", "pipe", "inherit"],
      });
    };

    it("kills its process", async () => {
      await arm("act-ink", "kill");
      const [code, signal] = await once(await start(), "exit");
      expect([code, signal]).toEqual([null, "SIGKILL"]);
    });

    it("stops its process, which goes on when it is woken", async () => {
      await arm("act-ink", "stop");
      const child = await start();
      const exited = once(child, "exit");
      const state = async () => (await readFile(`/proc/${child.pid}/stat`, "utf8")).replace(/^.*\) /s, "")[0];
      await expect.poll(state, { timeout: 25_000 }).toBe("T");
      child.kill("SIGCONT");
      expect(await exited).toEqual([0, null]);
    });
  });
});

describe("without faults", () => {
  it("a process that names a folder passes every point", async () => {
    await arm("act-ink", "throw");
    await createFaultPoint({ OUTRIGGER_FAULT_DIR: directory })("act-ink", KEY);
    expect(await readdir(directory)).toHaveLength(1);
  });

  it("a bundle holds nothing of them", () => {
    expect(bundle(false)).not.toMatch(/SIGKILL|SIGSTOP|OUTRIGGER_FAULT/);
    expect(bundle(true)).toMatch(/SIGKILL/);
  });
});
