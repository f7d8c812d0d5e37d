import type { Option } from "commander";
import { CliCommand } from "../cli/command.ts";
import { buildProgram } from "../cli/program.ts";
import { table } from "./schema-table.ts";

const silent = { stdout: () => {}, stderr: () => {} };

/** The command line as Markdown, read from the program that parses it. */
export function commandSections(): string[] {
  const program = buildProgram(silent, () => Promise.reject(new Error("The reference asks no hub.")));
  return [
    "Exit codes: 0 done, 1 failed, 2 wrong usage. What goes wrong is one line on stderr.",
    "## Options of every command",
    optionTable(program.options),
    ...leaves(program).flatMap(section),
  ];
}

/** The commands that do something, as `--help` shows them. */
function leaves(command: CliCommand): CliCommand[] {
  const shown = command.createHelp().visibleCommands(command);
  const below = command.commands.filter(
    (child) => child instanceof CliCommand && shown.includes(child),
  ) as CliCommand[];
  return below.length === 0 ? [command] : below.flatMap(leaves);
}

function section(command: CliCommand): string[] {
  const { exampleLines: examples, registeredArguments } = command;
  const usage = [
    command.path,
    ...registeredArguments.map((argument) => {
      const name = argument.variadic ? `${argument.name()}...` : argument.name();
      return argument.required ? `<${name}>` : `[${name}]`;
    }),
  ];
  return [
    `## ${command.path}`,
    sentence(command.description()),
    `\`${[...usage, ...(command.options.length > 0 ? ["[options]"] : [])].join(" ")}\``,
    optionTable(command.options),
    examples.length === 0 ? "" : `\`\`\`sh\n${examples.join("\n")}\n\`\`\``,
  ];
}

function optionTable(options: readonly Option[]): string {
  const shown = options.filter(({ hidden }) => !hidden);
  if (shown.length === 0) return "";
  return table(
    ["option", "meaning", "default"],
    shown.map((option) => [`\`${option.flags}\``, meaningOf(option), defaultOf(option)]),
  );
}

function meaningOf({ description, argChoices = [], mandatory }: Option): string {
  const choices = argChoices.length === 0 ? "" : ` (${argChoices.join(", ")})`;
  return `${description}${choices}${mandatory ? "; required" : ""}`;
}

function defaultOf({ defaultValue, negate }: Option): string {
  if (negate || defaultValue === undefined || defaultValue === false) return "–";
  return `\`${typeof defaultValue === "string" ? defaultValue : JSON.stringify(defaultValue)}\``;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
