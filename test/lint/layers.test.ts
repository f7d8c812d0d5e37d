import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Each rule of the layering, with a file that breaks it and nothing else. */
const violations: { sentence: string; file: string; source: string; rule: string }[] = [
  ...["infra/app.ts", "cli/main.ts", "local/environment.ts", "functions/api.ts", "test/seed.ts"].map((target) => ({
    sentence: `lib/ imports ${target}`,
    file: "lib/aws/seed.ts",
    source: `export * from "../../${target}";`,
    rule: "eslint(no-restricted-imports)",
  })),
  ...["registry", "health", "work", "rollouts", "kubernetes"].flatMap((room) => [
    {
      sentence: `lib/${room} imports an AWS SDK`,
      file: `lib/${room}/seed.ts`,
      source: `export { SQSClient } from "@aws-sdk/client-sqs";`,
      rule: "eslint(no-restricted-imports)",
    },
    {
      sentence: `lib/${room} imports lib/aws`,
      file: `lib/${room}/seed.ts`,
      source: `export * from "../aws/seed.ts";`,
      rule: "eslint(no-restricted-imports)",
    },
  ]),
  ...["lib/kubernetes/seed.ts", "functions/seed.ts"].map((file) => ({
    sentence: `${file} calls client-node`,
    file,
    source: `export { KubeConfig } from "@kubernetes/client-node";`,
    rule: "eslint(no-restricted-imports)",
  })),
  ...["lib/aws/seed.ts", "lib/registry/seed.ts", "lib/rollouts/spec.ts", "functions/seed.ts"].map((file) => ({
    sentence: `${file} brings all of Zod into the bundles`,
    file,
    source: `import { z } from "zod";\nexport const text = z.string();`,
    rule: "outrigger(zod-as-namespace)",
  })),
  ...["plan", "status", "spec", "decide", "assess"].flatMap((name) => {
    const file = `lib/rollouts/${name}.ts`;
    return [
      {
        sentence: `${name}.ts reads a file`,
        file,
        source: `export { readFileSync } from "node:fs";`,
        rule: "eslint(no-restricted-imports)",
      },
      {
        sentence: `${name}.ts reads the cluster`,
        file,
        source: `export * from "./observe.ts";`,
        rule: "eslint(no-restricted-imports)",
      },
      {
        sentence: `${name}.ts asks for the time with Date.now`,
        file,
        source: "export const at = () => Date.now();",
        rule: "outrigger(no-clock)",
      },
      {
        sentence: `${name}.ts asks for the time with new Date()`,
        file,
        source: "export const at = () => new Date();",
        rule: "outrigger(no-clock)",
      },
      {
        sentence: `${name}.ts waits`,
        file,
        source: "export const wait = (next: () => void) => setTimeout(next, 1);",
        rule: "eslint(no-restricted-globals)",
      },
      {
        sentence: `${name}.ts throws dice`,
        file,
        source: "export const dice = () => Math.random();",
        rule: "eslint(no-restricted-properties)",
      },
    ];
  }),
  {
    sentence: "infra/ imports local/",
    file: "infra/seed.ts",
    source: `export * from "../local/environment.ts";`,
    rule: "eslint(no-restricted-imports)",
  },
  {
    sentence: "a test draws other cases in every run",
    file: "test/lib/seed.test.ts",
    source: `export { assert } from "fast-check";`,
    rule: "eslint(no-restricted-imports)",
  },
  {
    sentence: "a planner split over two files keeps the rules",
    file: "lib/rollouts/plan-zones.ts",
    source: "export const at = () => Date.now();",
    rule: "outrigger(no-clock)",
  },
  ...["discover-plan", "discover-status"].map((name) => ({
    sentence: `${name}.ts of a larger room keeps the rules`,
    file: `lib/registry/${name}.ts`,
    source: "export const at = () => Date.now();",
    rule: "outrigger(no-clock)",
  })),
  {
    sentence: "a promise nobody waits for",
    file: "lib/aws/seed.ts",
    source: "const send = async (): Promise<void> => {};\nexport const run = (): void => {\n  send();\n};",
    rule: "typescript(no-floating-promises)",
  },
];

const allowed: { sentence: string; file: string; source: string }[] = [
  {
    sentence: "lib/ imports Zod as a namespace",
    file: "lib/registry/seed.ts",
    source: `import * as z from "zod";\nexport const text = z.string();`,
  },
  {
    sentence: "lib/ uses the types of Zod",
    file: "lib/registry/seed.ts",
    source: `import type { z } from "zod";\nexport type Schema = z.ZodType;`,
  },
  {
    sentence: "lib/aws imports an AWS SDK",
    file: "lib/aws/seed.ts",
    source: `export { SQSClient } from "@aws-sdk/client-sqs";`,
  },
  {
    sentence: "lib/ uses the types of client-node",
    file: "lib/kubernetes/seed.ts",
    source: `import type { V1Pod } from "@kubernetes/client-node";\nexport type Pod = V1Pod;`,
  },
  {
    sentence: "cli/ calls client-node",
    file: "cli/seed.ts",
    source: `export { KubeConfig } from "@kubernetes/client-node";`,
  },
  {
    sentence: "a planner reads a given timestamp",
    file: "lib/rollouts/plan.ts",
    source:
      "export const later = (at: string, seconds: number) => new Date(Date.parse(at) + seconds * 1000).toISOString();",
  },
];

const importCycle = {
  "lib/work/seed-a.ts": `import { b } from "./seed-b.ts";\nexport const a = (): number => b();`,
  "lib/work/seed-b.ts": `import { a } from "./seed-a.ts";\nexport const b = (): number => a();`,
};

const repository = join(import.meta.dirname, "../..");
let project: string;
/** Rules broken, by file. */
let found: Map<string, string[]>;

/** The same place in the layering, but a folder of its own, so that one run of the linter serves every case. */
const seedPath = (file: string, sentence: string): string => {
  const folder = sentence.replaceAll(/\W+/g, "-");
  return join(dirname(file), folder, basename(file));
};

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "outrigger-lint-"));
  for (const file of [".oxlintrc.json", "tsconfig.json", "package.json", "test/lint/rules.js"]) {
    cpSync(join(repository, file), join(project, file));
  }
  symlinkSync(join(repository, "node_modules"), join(project, "node_modules"));
  const seeds = [...violations, ...allowed].map(({ file, sentence, source }) => [seedPath(file, sentence), source]);
  for (const [file, source] of [...(seeds as [string, string][]), ...Object.entries(importCycle)]) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), `${source}\n`);
  }
  found = lint();
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** Lints the whole seeded project under the repository's own configuration. */
function lint(): Map<string, string[]> {
  const oxlint = join(repository, "node_modules/.bin/oxlint");
  const { stdout } = spawnSync(
    oxlint,
    ["--type-aware", "--format", "json", "lib", "functions", "cli", "infra", "test"],
    {
      cwd: project,
      encoding: "utf8",
    },
  );
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  const rules = new Map<string, string[]>();
  for (const { code, filename } of diagnostics) rules.set(filename, [...(rules.get(filename) ?? []), code]);
  return rules;
}

test.each(violations)("$sentence → $rule", ({ file, sentence, rule }) => {
  expect(found.get(seedPath(file, sentence))).toEqual([rule]);
});

test.each(allowed)("$sentence → allowed", ({ file, sentence }) => {
  expect(found.get(seedPath(file, sentence))).toBeUndefined();
});

test.each(Object.keys(importCycle))("%s is part of a cycle of imports → import(no-cycle)", (file) => {
  expect(found.get(file)).toEqual(["import(no-cycle)"]);
});
