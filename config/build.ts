import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { bundleFunctions } from "../infra/bundle.ts";
import { CHECKOUT_ONLY, ENTRIES, reachableModules } from "./reachable.ts";

const ROOT = resolve(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
const BIN = '#!/usr/bin/env node\nimport "./node-version.js";\n\nawait import("./main.js");\n';

/**
 * `npm run build` writes dist/, what the package ships: the construct and its types, the command, and the bundles of the
 * functions ready made. Node strips no types under node_modules, so all of it is compiled.
 */
function build(): void {
  rmSync(DIST, { recursive: true, force: true });
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(ROOT, "tsconfig.build.json")], { stdio: "inherit" });
  if (status !== 0) {
    process.exitCode = 1;
    return;
  }
  const kept = reachableModules(DIST, ENTRIES, CHECKOUT_ONLY);
  for (const file of readdirSync(DIST, { recursive: true, encoding: "utf8" })) {
    const compiled = file.replace(/\.d\.ts$/, ".js");
    if (compiled.endsWith(".js") && !kept.has(compiled)) rmSync(join(DIST, file));
  }
  mkdirSync(join(DIST, "cli"), { recursive: true });
  copyFileSync(join(ROOT, "cli/node-version.js"), join(DIST, "cli/node-version.js"));
  writeFileSync(join(DIST, "cli/outrigger.js"), BIN);
  chmodSync(join(DIST, "cli/outrigger.js"), 0o755);
  bundleFunctions({ faults: false, outdir: join(DIST, "bundles") });
}

build();
