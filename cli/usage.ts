import type { Command } from "commander";
import { didYouMean } from "../lib/registry/problems.ts";

/** What a command tells of itself. */
interface Described extends Command {
  readonly exampleLines: readonly string[];
  readonly path: string;
}

/**
 * What would be right, after a complaint of commander's. Empty when the complaint says it itself.
 * @param code commander's, e.g. `commander.unknownOption`.
 */
export function nextStepAfter(code: string, message: string, command: Described): string {
  const example = command.exampleLines[0];
  const such = example === undefined ? "" : `, e.g. \`${example}\``;
  switch (code) {
    case "commander.unknownOption":
      return /Did you mean/.test(message) ? "" : `Its options are ${optionsOf(command).join(", ")}.`;
    case "commander.unknownCommand":
      return /Did you mean/.test(message) ? "" : `Commands of \`${command.path}\` are ${commandsOf(command)}.`;
    case "outrigger.missingCommand":
      return `Add one of ${commandsOf(command)}.`;
    case "commander.missingArgument":
    case "commander.excessArguments":
      return `Write it as \`${[command.path, ...argumentsOf(command)].join(" ")}\`${such}.`;
    case "commander.optionMissingArgument":
      return valueFor(message, command);
    case "commander.missingMandatoryOptionValue":
      return `Add it${such}.`;
    case "commander.conflictingOption":
      return "Leave one of them out.";
    case "commander.invalidArgument":
      return nearestChoice(message);
    default:
      return "Run it with --help to see what it takes.";
  }
}

/** What commander has to say, as one line. */
export function usageLine(text: string): string {
  const [complaint = "", ...rest] = text
    .replace(/^error: /, "")
    .replaceAll(/\((Did you mean [^)]*\?)\)/g, "$1")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return `outrigger: ${[sentence(complaint), ...rest].join(" ")}\n`;
}

const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

function optionsOf(command: Command): string[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(({ long }) => long ?? []);
}

function commandsOf(command: Command): string {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((sub) => sub.name())
    .filter((name) => name !== "help")
    .join(", ");
}

function valueFor(message: string, command: Described): string {
  const option = command.options.find(({ flags }) => message.includes(`'${flags}'`));
  if (option?.argChoices !== undefined) return `Give it one of ${option.argChoices.join(", ")}.`;
  const example = command.exampleLines.find((line) => line.includes(`${option?.long ?? "\n"} `));
  return example === undefined ? "Give it a value." : `Give it a value, e.g. \`${example}\`.`;
}

const argumentsOf = (command: Command): string[] =>
  command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });

function nearestChoice(message: string): string {
  const [, given, choices] = /argument '(.*)' is invalid\. Allowed choices are (.*)\./.exec(message) ?? [];
  const near = given === undefined || choices === undefined ? undefined : didYouMean(given, choices.split(", "));
  return near === undefined ? "" : `Did you mean ${near}?`;
}
