import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { referencePages } from "../docs/pages.ts";
import { withReasons } from "../docs/reasons.ts";
import { MultiAZRolloutSpec, parseSpec } from "../lib/rollouts/spec.ts";

const pages = Object.entries(referencePages());

test.each(pages)("docs/reference/%s says what the code does: otherwise run `npm run docs`", (file, text) => {
  expect(readFileSync(join("docs/reference", file), "utf8")).toBe(text);
});

test("the command reference has what --help shows, and nothing that only scripts call", () => {
  const titles = [...(referencePages()["commands.md"] ?? "").matchAll(/^## outrigger (.*)$/gm)].map(([, name]) => name);
  expect(titles).toContain("completion");
  expect(titles.filter((name) => name?.startsWith("_"))).toEqual([]);
});

test("no reference page is left over", () => {
  expect(readdirSync("docs/reference").toSorted()).toEqual(pages.map(([file]) => file).toSorted());
});

const written = [
  "README.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" }).map((file) => join("docs", file)),
];

test.each(written.filter((file) => file.endsWith(".md")))("the links of %s lead somewhere", (file) => {
  const links = [
    ...readFileSync(file, "utf8")
      .replaceAll(/`[^`\n]*`/g, "")
      .matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g),
  ].map(([, target = ""]) => target);
  const broken = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(file), target)));
  expect(broken).toEqual([]);
});

const rollouts = readFileSync("docs/rollouts.md", "utf8");

test("docs/rollouts.md has every reason the conditions may carry: otherwise run `npm run docs`", () => {
  expect(rollouts).toContain("`MultipleZonesUnready`");
  expect(withReasons(rollouts)).toBe(rollouts);
});

test("the resources in docs/rollouts.md are accepted, and show every field", () => {
  const blocks = [...rollouts.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = ""]) => text);
  const resources = blocks.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Resource));
  expect(resources).toHaveLength(4);
  for (const { spec, metadata } of resources) expect(parseSpec(spec, metadata.namespace)).toMatchObject({ ok: true });
  const shown = resources.flatMap(({ spec }) => Object.keys(spec));
  expect([...new Set(shown)].toSorted()).toEqual(Object.keys(MultiAZRolloutSpec.shape).toSorted());
});

interface Resource {
  metadata: { namespace: string };
  spec: Record<string, unknown>;
}
