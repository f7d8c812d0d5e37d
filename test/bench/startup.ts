import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type BuildOptions, buildSync } from "esbuild";
import { environments, type FunctionName } from "../../functions/environment.ts";
import { BUNDLING, bundleFunctions, FUNCTION_NAMES } from "../../infra/bundle.ts";
import { type Bench, median, rounded } from "./bench.ts";

/** Each bundle is imported this often, by a process of its own, right after the one it is compared with. */
const ROUNDS = 15;
const ROOT = resolve(import.meta.dirname, "../..");
const ENVIRONMENT_ONLY = {
  "@aws-sdk/credential-provider-node": join(ROOT, "infra/bundled/credential-provider-node.ts"),
};
const MEASURED = `const from = performance.now(); await import(process.argv[1]); console.log(performance.now() - from);`;

/**
 * How large each function's bundle is, and how long its import takes, module and SDK clients ready, against a bundle that
 * holds alone the same SDK clients and commands that are loaded at start. That one is made in the usual way: minified into
 * one file, the SDK as it comes. `…_bare` is against clients that are split up and have no chain of credential providers,
 * as the functions' own bundles are made: what remains is the cost of our own code and its other packages.
 */
export const bench: Bench = async (log) => {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-startup-"));
  try {
    const bundles = bundleFunctions({ faults: false, outdir: join(folder, "functions") });
    const subjects = FUNCTION_NAMES.map((name) => {
      const entry = join(folder, `${name}.mjs`);
      writeFileSync(entry, sdkPartsOf(name));
      return {
        name,
        own: join(bundles[name], "index.mjs"),
        sdk: bundleSdk(entry, join(folder, "sdk", name), { splitting: false }),
        bare: bundleSdk(entry, join(folder, "bare", name), { alias: ENVIRONMENT_ONLY }),
      };
    });
    const files = subjects.flatMap(({ name, own, sdk, bare }) => [sdk, own, bare].map((file) => ({ name, file })));
    const times = new Map<string, number[]>(files.map(({ file }) => [file, []]));
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const { name, file } of files) times.get(file)?.push(importTimeMs(file, name));
      log(`round ${round} of ${ROUNDS}`);
    }
    const timesOf = (file: string): readonly number[] => times.get(file) ?? [];
    const timeMs = (file: string): number => median(timesOf(file));
    // Round by round: whatever else the machine does weighs on both sides of a pair.
    const ratio = (file: string, than: string): number =>
      median(timesOf(file).map((time, round) => time / (timesOf(than)[round] ?? Number.NaN)));

    const figures = Object.fromEntries(
      subjects.flatMap(({ name, own, sdk, bare }) => [
        [`${name}_mb`, rounded(sizeOf(own) / 1e6)],
        [`${name}_sdk_mb`, rounded(sizeOf(sdk) / 1e6)],
        [`${name}_ms`, rounded(timeMs(own))],
        [`${name}_sdk_ms`, rounded(timeMs(sdk))],
        [`${name}_ratio`, rounded(ratio(own, sdk))],
        [`${name}_ratio_bare`, rounded(ratio(own, bare))],
      ]),
    );
    const largest = (suffix: string): number => Math.max(...FUNCTION_NAMES.map((name) => figures[name + suffix] ?? 0));
    return {
      max_size_mb: largest("_mb"),
      max_ratio: largest("_ratio"),
      max_ratio_bare: largest("_ratio_bare"),
      ...figures,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** An entry that exports exactly what the function's own sources import from the SDK. */
function sdkPartsOf(name: FunctionName): string {
  const { metafile } = buildSync({
    ...BUNDLING,
    entryPoints: [join(ROOT, `functions/${name}.ts`)],
    absWorkingDir: ROOT,
    metafile: true,
    write: false,
    outdir: "out",
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const parts = new Map<string, Set<string>>();
  for (const [file, { bytesInOutput }] of inputs) {
    if (file.includes("node_modules") || bytesInOutput === 0) continue;
    const imports = readFileSync(join(ROOT, file), "utf8").matchAll(
      /^import \{([^}]+)\} from "(@aws-sdk\/(?:client-[\w-]+|lib-dynamodb))";/gm,
    );
    for (const [, names = "", from = ""] of imports) {
      const values = names.split(",").map((part) => part.trim());
      const known = parts.get(from) ?? new Set();
      for (const value of values) if (value !== "" && !value.startsWith("type ")) known.add(value);
      parts.set(from, known);
    }
  }
  return [...parts].map(([from, names]) => `export { ${[...names].join(", ")} } from "${from}";\n`).join("");
}

function bundleSdk(entry: string, outdir: string, settings: BuildOptions): string {
  const nodePaths = [join(ROOT, "node_modules")];
  buildSync({ ...BUNDLING, entryPoints: { index: entry }, outdir, nodePaths, ...settings });
  return join(outdir, "index.mjs");
}

/** Bytes of a bundle: its entry and the parts it loads. */
function sizeOf(entry: string): number {
  const folder = dirname(entry);
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function importTimeMs(file: string, name: FunctionName): number {
  const printed = execFileSync(
    process.execPath,
    ["--input-type=module", "--eval", MEASURED, pathToFileURL(file).href],
    { encoding: "utf8", env: environmentOf(name) },
  );
  return Number(printed);
}

/** What Lambda would give the function, with values of the right shape. */
function environmentOf(name: FunctionName): Record<string, string> {
  const wanted = Object.keys(environments[name].shape);
  const values = wanted.map((key) => [key, key.endsWith("_URL") ? "https://sqs.us-east-1.amazonaws.com/0/q" : "value"]);
  return {
    ...(Object.fromEntries(values) as Record<string, string>),
    OUTRIGGER_LOG_LEVEL: "INFO",
    OUTRIGGER_LOCAL: "false",
    WATCH_NAMESPACE: "",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "none",
    AWS_SECRET_ACCESS_KEY: "none",
  };
}
