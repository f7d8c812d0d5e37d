import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { referencePages } from "../docs/pages.ts";

const pages = Object.entries(referencePages());

test.each(pages)("docs/reference/%s says what the code does: otherwise run `npm run docs`", (file, text) => {
  expect(readFileSync(join("docs/reference", file), "utf8")).toBe(text);
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
