import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { buildProgram } from "../cli/program.ts";
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
  "CHANGELOG.md",
  "events/README.md",
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

/** As GitHub makes them of headings. */
const anchorsOf = (file: string): string[] =>
  [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );

test.each(written.filter((file) => file.endsWith(".md")))("the links of %s into pages find their heading", (file) => {
  const links = [...readFileSync(file, "utf8").matchAll(/\]\(([^)#\s:]*)#([^)\s]+)\)/g)];
  const broken = links.filter(([, page = "", anchor = ""]) => {
    const target = page === "" ? file : join(dirname(file), page);
    return !anchorsOf(target).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

const program = buildProgram({ stdout: () => undefined, stderr: () => undefined }, () =>
  Promise.reject(new Error("No page asks a hub.")),
);

/** The command lines of a page, from `outrigger` on: whole lines of `sh` blocks, and what stands in backticks. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = ""]) =>
    block.replaceAll("\\\n", " ").split("\n"),
  );
  const inline = [...text.replaceAll(/```.*?```/gs, "").matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  return [...blocks, ...inline].flatMap((line) => {
    const [, words] = /^(?:npm (?:--prefix \S+ )?run -s outrigger -- |outrigger )(.*)$/s.exec(line.trim()) ?? [];
    return words === undefined ? [] : [words.replaceAll(/\s+#.*$/g, "")];
  });
}

/** What a command line names that there is not. */
function unknownIn(line: string): string[] {
  const words = line
    .replaceAll(/\$\([^)]*\)/g, "x")
    .replace(/^((--stack|-o|--output) \S+ |--local )+/, "")
    .split(/\s+/);
  let command: Command = program;
  for (const word of words) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub === undefined) break;
    command = sub;
  }
  const known = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
  const flags = words.filter((word) => /^--?\w/.test(word) && word !== "--help");
  const [first = ""] = words;
  const named = command !== program || !/^[a-z]/.test(first);
  return [...(named ? [] : [first]), ...flags.filter((flag) => !known.includes(flag))];
}

test.each([
  ["cluster get prod-eu", []],
  ['--stack "$STACK" cluster register "$C" --arn "$(aws eks --query x)" --capability observe', []],
  ["clutser get", ["clutser"]],
  ["rollout watch a --tail", ["--tail"]],
])("in a page, outrigger %s names what there is not: %j", (line, unknown) => {
  expect(unknownIn(line)).toEqual(unknown);
});

test.each(written.filter((file) => file.endsWith(".md")))("the commands %s names exist, with their options", (file) => {
  const lines = commandLines(readFileSync(file, "utf8"));
  expect(lines.flatMap((line) => unknownIn(line).map((what) => `${what} in: outrigger ${line}`))).toEqual([]);
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
