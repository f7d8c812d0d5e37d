import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type * as Esbuild from "esbuild";
import { environments, type FunctionName } from "../functions/environment.ts";

/** The functions' sources: `functions/<name>.ts` (or `.js`, in the packed form). */
const SHIPPED_FUNCTIONS = resolve(dirname(fileURLToPath(import.meta.url)), "../functions");

/** The package holds the bundles ready made, so that whoever installs it needs neither the bundler nor our dependencies. */
const READY_MADE = resolve(dirname(fileURLToPath(import.meta.url)), "../bundles");

/** What takes the place of a package in the bundles: `bundled/<file>.ts` (or `.js`). */
const STAND_INS = resolve(dirname(fileURLToPath(import.meta.url)), "bundled");

export const FUNCTION_NAMES = Object.keys(environments) as FunctionName[];

/** Parts of the bundle that are CommonJS call `require` for Node's own modules; ES modules have none. */
const REQUIRE_BANNER =
  'import { createRequire as outriggerRequire } from "node:module"; const require = outriggerRequire(import.meta.url);';

export interface BundleOptions {
  /** Builds the fault points in. They are dropped otherwise. */
  faults: boolean;
  /** Folder holding the functions' sources. Default: the shipped ones. */
  source?: string;
  /** Folder to put the bundles into; it is made. */
  outdir: string;
}

/** How every bundle is made: ES modules for Node 24, minified, unused code dropped. */
export const BUNDLING = {
  outExtension: { ".js": ".mjs" },
  bundle: true,
  splitting: true, // What is loaded later stays out of the start, and what it shares with the rest needs no wrapping.
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  minify: true,
  keepNames: true, // Error classes are told apart by name in logs and metrics.
  treeShaking: true,
  charset: "utf8",
  legalComments: "none",
  logLevel: "error",
  banner: { js: REQUIRE_BANNER },
} as const satisfies Esbuild.BuildOptions;

function sourceOf(folder: string, name: string, what: string): string {
  const source = [".ts", ".js"].map((ending) => join(folder, name + ending)).find((path) => existsSync(path));
  if (source === undefined) {
    throw new Error(
      `${what} cannot be bundled: there is no ${name}.ts in ${folder}. Check that the checkout or package is whole.`,
    );
  }
  return source;
}

const foldersIn = (outdir: string): Record<FunctionName, string> =>
  Object.fromEntries(FUNCTION_NAMES.map((name) => [name, join(outdir, name)])) as Record<FunctionName, string>;

/** @returns the folder to ship for each function: ready made in the installed package, bundled otherwise. */
export function functionCode(options: BundleOptions): Record<FunctionName, string> {
  const asShipped = !options.faults && options.source === undefined;
  return asShipped && existsSync(READY_MADE) ? foldersIn(READY_MADE) : bundleFunctions(options);
}

/**
 * Bundles the functions: ES modules for Node 24 with the AWS SDK inside, minified, unused code dropped.
 * @returns for each function the folder to ship: `index.mjs` with the export `handler`, and the parts it loads.
 */
export function bundleFunctions(options: BundleOptions): Record<FunctionName, string> {
  const { source = SHIPPED_FUNCTIONS, outdir } = options;
  const { buildSync } = createRequire(import.meta.url)("esbuild") as typeof Esbuild;
  const alias = {
    "@aws-sdk/credential-provider-node": sourceOf(STAND_INS, "credential-provider-node", "The SDK"),
    "node:http": sourceOf(STAND_INS, "http", "The HTTP client"),
    "node:http2": sourceOf(STAND_INS, "http2", "The HTTP client"),
  };
  for (const name of FUNCTION_NAMES) {
    buildSync({
      entryPoints: { index: sourceOf(source, name, `Function ${name}`) },
      outdir: join(outdir, name),
      ...BUNDLING,
      alias,
      define: {
        OUTRIGGER_FAULTS_ENABLED: String(options.faults),
        esbuildDetection: "true", // Of undici, as Node builds it in: without its second, experimental HTTP parser.
      },
    });
  }
  return foldersIn(outdir);
}
