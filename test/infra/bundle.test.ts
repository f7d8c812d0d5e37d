import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { bundleFunctions, FUNCTION_NAMES } from "../../infra/bundle.ts";

const read = (folder: string): string => readFileSync(join(folder, "index.mjs"), "utf8");

function sources(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-sources-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of FUNCTION_NAMES) writeFileSync(join(folder, `${name}.ts`), content);
  return folder;
}

test("a function that is missing is named, with the folder it should be in", () => {
  const folder = sources("export const handler = () => {};");
  rmSync(join(folder, "probe.ts"));
  expect(() => bundleFunctions({ faults: false, source: folder })).toThrow(
    `Function probe cannot be bundled: there is no probe.ts in ${folder}`,
  );
});

test("fault points are in the bundles that ask for them and nowhere else", () => {
  const source = sources(
    "declare const OUTRIGGER_FAULTS_ENABLED: boolean;\n" +
      'export const handler = () => (OUTRIGGER_FAULTS_ENABLED ? process.kill(process.pid, "SIGKILL") : "works");\n',
  );
  expect(read(bundleFunctions({ faults: false, source }).rollout)).not.toContain("SIGKILL");
  expect(read(bundleFunctions({ faults: true, source }).rollout)).toContain("SIGKILL");
});

test("CommonJS inside a bundle may require modules of Node, and names of classes survive", async () => {
  const folder = bundleFunctions({
    faults: false,
    source: sources(
      "class LeaseLostError extends Error {}\n" +
        'export const handler = () => [require("node:path").basename("/a/b"), LeaseLostError.name];\n',
    ),
  }).api;
  const { handler } = (await import(pathToFileURL(join(folder, "index.mjs")).href)) as { handler: () => unknown };
  expect(handler()).toEqual(["b", "LeaseLostError"]);
});

test("the shipped functions become one small file each, without fault points", () => {
  const bundles = bundleFunctions({ faults: false });
  for (const name of FUNCTION_NAMES) {
    expect(readdirSync(bundles[name])).toEqual(["index.mjs"]);
    const code = read(bundles[name]);
    expect(code.length, `${name} is ${code.length} bytes`).toBeLessThan(2_000_000);
    expect(code).not.toContain("OUTRIGGER_FAULT_DIR");
    expect(code).not.toContain("@kubernetes/client-node");
  }
});
