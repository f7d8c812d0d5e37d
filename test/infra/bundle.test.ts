import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { bundleFunctions, FUNCTION_NAMES } from "../../infra/bundle.ts";
import { newFolder, sourcesOf } from "./synthesis.ts";

/** All of a bundle: its entry and the parts it loads. */
const read = (folder: string): string =>
  readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .join("");

test("a function that is missing is named, with the folder it should be in", () => {
  const folder = sourcesOf("export const handler = () => {};");
  rmSync(join(folder, "probe.ts"));
  expect(() => bundleFunctions({ faults: false, source: folder, outdir: newFolder() })).toThrow(
    `Function probe cannot be bundled: there is no probe.ts in ${folder}`,
  );
});

test("fault points are in the bundles that ask for them and nowhere else", () => {
  const source = sourcesOf(
    "declare const OUTRIGGER_FAULTS_ENABLED: boolean;\n" +
      'export const handler = () => (OUTRIGGER_FAULTS_ENABLED ? process.kill(process.pid, "SIGKILL") : "works");\n',
  );
  expect(read(bundleFunctions({ faults: false, source, outdir: newFolder() }).rollout)).not.toContain("SIGKILL");
  expect(read(bundleFunctions({ faults: true, source, outdir: newFolder() }).rollout)).toContain("SIGKILL");
});

test("CommonJS inside a bundle may require modules of Node, and names of classes survive", async () => {
  const folder = bundleFunctions({
    faults: false,
    outdir: newFolder(),
    source: sourcesOf(
      "class LeaseLostError extends Error {}\n" +
        'export const handler = () => [require("node:path").basename("/a/b"), LeaseLostError.name];\n',
    ),
  }).api;
  const { handler } = (await import(pathToFileURL(join(folder, "index.mjs")).href)) as { handler: () => unknown };
  expect(handler()).toEqual(["b", "LeaseLostError"]);
});

test("the shipped functions become small bundles, without fault points", () => {
  const bundles = bundleFunctions({ faults: false, outdir: newFolder() });
  for (const name of FUNCTION_NAMES) {
    expect(readdirSync(bundles[name])).toContain("index.mjs");
    const code = read(bundles[name]);
    expect(code.length, `${name} is ${code.length} bytes`).toBeLessThan(1_500_000);
    expect(code).not.toContain("OUTRIGGER_FAULT_DIR");
    expect(code).not.toContain("@kubernetes/client-node");
    // Each loads far more of Node than is used.
    expect(code).not.toContain("node:http2");
    expect(code).not.toMatch(/from"(node:)?http"/);
  }
});
