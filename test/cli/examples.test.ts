import { describe, expect, test } from "vitest";
import { CliCommand } from "../../cli/command.ts";
import { buildProgram } from "../../cli/program.ts";

const nobody = async () => {
  throw new Error("no hub is to be asked");
};

function program() {
  let stderr = "";
  const streams = { stdout: () => undefined, stderr: (text: string) => void (stderr += text) };
  return { root: buildProgram(streams, nobody), complaints: () => stderr };
}

/** The command and all below it, without those that scripts call. */
function allOf(command: CliCommand): CliCommand[] {
  const subs = command.createHelp().visibleCommands(command);
  return [command, ...subs.flatMap((sub) => (sub instanceof CliCommand && sub.name() !== "help" ? allOf(sub) : []))];
}

/** The words after `outrigger`, up to the end of its part of the line. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
  const own = words.slice(words.indexOf("outrigger") + 1);
  const end = own.findIndex((word) => ["|", ">", ">>", "&&", "<"].includes(word));
  return end === -1 ? own : own.slice(0, end);
}

const commands = allOf(program().root).map((command) => ({ path: command.path, examples: command.exampleLines }));

test("the whole command line is looked at", () => {
  const paths = commands.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["outrigger", "outrigger cluster register", "outrigger doctor"]));
  expect(paths.length).toBeGreaterThan(15);
});

test.each(commands)("$path has an example", ({ examples }) => {
  expect(examples.length).toBeGreaterThan(0);
});

test.each(commands)("the help of $path shows its examples", async ({ path, examples }) => {
  let stdout = "";
  const root = buildProgram({ stdout: (text) => void (stdout += text), stderr: () => undefined }, nobody);
  await root.parseAsync([...path.split(" ").slice(1), "--help"], { from: "user" }).catch(() => undefined);
  for (const example of examples) expect(stdout).toContain(`  $ ${example}\n`);
});

describe("an example is a command line that is understood, of the command it stands with", () => {
  const examples = commands.flatMap(({ path, examples: lines }) => lines.map((line) => ({ path, line })));
  test.each(examples)("$line", async ({ path, line }) => {
    const { root, complaints } = program();
    const reached: string[] = [];
    for (const command of allOf(root)) {
      if (command.commands.length === 0)
        command.action((...given) => void reached.push((given.at(-1) as CliCommand).path));
    }
    await root.parseAsync(wordsOf(line), { from: "user" }).catch((error: unknown) => {
      throw new Error(complaints() || String(error));
    });
    expect(reached).toHaveLength(1);
    expect(`${reached[0]} `.startsWith(`${path} `)).toBe(true);
  });
});
