import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CHECKOUT_ONLY, ENTRIES, importsOf, reachableModules } from "../../config/reachable.ts";

const checkout = resolve(import.meta.dirname, "../..");
const consumer = mkdtempSync(join(tmpdir(), "outrigger-consumer-"));
const installed = join(consumer, "node_modules/outrigger");
const env = { ...process.env, PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) };

interface Manifest {
  version: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}
const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as Manifest;

/** Runs a command to its end, whatever that is. */
async function run(cwd: string, command: string, ...args: string[]) {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 1 << 26 });
    return { code: 0, stdout, stderr };
  } catch (failure) {
    const { code, stdout, stderr } = failure as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

async function succeed(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(cwd, command, ...args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

const outrigger = (...args: string[]) => run(consumer, join(consumer, "node_modules/.bin/outrigger"), ...args);

beforeAll(async () => {
  await succeed(checkout, "npm", "run", "-s", "build");
  const packed = await succeed(checkout, "npm", "pack", "--ignore-scripts", "--json", "--pack-destination", consumer);
  const [{ filename } = { filename: "" }] = JSON.parse(packed) as { filename: string }[];
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const peers = Object.keys(manifest.peerDependencies).map((name) => `${name}@${manifest.devDependencies[name]}`);
  await succeed(consumer, "npm", "install", "--prefer-offline", "--ignore-scripts", join(consumer, filename), ...peers);
});

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

test("the package holds compiled code, its types and the functions' bundles, and no TypeScript to strip", () => {
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
  expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
  for (const file of ["dist/infra/index.js", "dist/infra/index.d.ts", "dist/bundles/rollout/index.mjs", "README.md"]) {
    expect(files).toContain(file);
  }
  expect(files.filter((file) => /(^|\/)(test|local\/control-plane|local\/aws)\//.test(file))).toEqual([]);
  const bytes = files.map((file) => statSync(join(installed, file)).size).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThan(10_000_000);
});

test("the links of its README lead somewhere", () => {
  const text = readFileSync(join(installed, "README.md"), "utf8").replaceAll(/`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, target = ""]) => target);
  expect(targets).toContain("docs/images/demo.svg");
  const broken = targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(installed, target)));
  expect(broken).toEqual([]);
});

test("what its modules import is declared, and what is declared is imported", () => {
  const dist = join(installed, "dist");
  const modules = reachableModules(dist, ENTRIES, CHECKOUT_ONLY);
  const imported = [...modules].flatMap((file) => importsOf(readFileSync(join(dist, file), "utf8")));
  const packages = imported
    .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
    .map((name) => name.split("/", name.startsWith("@") ? 2 : 1).join("/"));
  const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];
  expect([...new Set(packages)].toSorted()).toEqual(declared.toSorted());
});

test("a stack with the construct is type-checked and synthesised, without a bundler", async () => {
  writeFileSync(
    join(consumer, "app.ts"),
    `import { App, Stack } from "aws-cdk-lib";
import { Outrigger } from "outrigger";

const app = new App({ outdir: "cdk.out" });
const stack = new Stack(app, "Fleet");
const hub = new Outrigger(stack, "Hub", { accounts: ["111111111111"], logRetentionDays: 7 });
hub.functions.rollout.metricErrors();
// @ts-expect-error There is no such option.
export const wrong = () => new Outrigger(stack, "Wrong", { acounts: [] });
app.synth();
`,
  );
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const settings = ["--module", "nodenext", "--target", "es2024", "--strict", "--skipLibCheck", "--types", "node"];
  const typeRoots = ["--typeRoots", join(checkout, "node_modules/@types")];
  await succeed(consumer, process.execPath, tsc, ...settings, ...typeRoots, "app.ts");
  await succeed(consumer, process.execPath, "app.js");

  const assembly = join(consumer, "cdk.out");
  const { Resources } = JSON.parse(readFileSync(join(assembly, "Fleet.template.json"), "utf8")) as {
    Resources: Record<string, { Type: string }>;
  };
  const functions = Object.values(Resources).filter(({ Type }) => Type === "AWS::Lambda::Function");
  expect(functions).toHaveLength(6);
  const assets = readdirSync(assembly, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith("index.mjs"),
  );
  expect(assets).toHaveLength(6);
  expect(readdirSync(join(consumer, "node_modules"))).not.toContain("esbuild");
});

test("a wrong option ends the synthesis with one sentence", async () => {
  writeFileSync(
    join(consumer, "wrong.js"),
    `import { App, Stack } from "aws-cdk-lib";
import { Outrigger } from "outrigger";
new Outrigger(new Stack(new App(), "Fleet"), "Hub", { accounts: ["12"] });
`,
  );
  const { code, stderr } = await run(consumer, process.execPath, "wrong.js");
  expect(code).toBe(1);
  expect(stderr).toContain("accounts must be an AWS account id: 12 digits");
});

test("the command is there: version, help, wrong usage, and what needs a checkout", async () => {
  expect(await outrigger("--version")).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });

  const help = await outrigger("--help");
  expect([help.code, help.stderr]).toEqual([0, ""]);
  expect(help.stdout).toMatch(/^Usage: outrigger .*cluster .*status/s);

  const wrong = await outrigger("clutser");
  expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toMatch(/^outrigger: .*clutser.*\n$/);

  const demo = await outrigger("demo");
  expect([demo.code, demo.stdout]).toEqual([1, ""]);
  expect(demo.stderr).toMatch(/^outrigger: .*npm ci && npm run demo.*\n$/);
});
