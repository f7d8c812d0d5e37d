import type { Argument, Command, Option } from "commander";
import { LANE_OF_KIND } from "../../lib/work/lanes.ts";

/**
 * What may stand in the place of the last word.
 * @param words what was typed after `outrigger`; the last one is being written and may be empty.
 * @returns candidates that begin like it; none where the shell may offer files.
 */
export function candidatesFor(program: Command, words: readonly string[]): string[] {
  const partial = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  let command = program;
  let operands = 0;
  const used = new Set<string>();
  let awaiting: Option | undefined;
  for (const word of before) {
    if (awaiting !== undefined) {
      awaiting = undefined;
      continue;
    }
    if (word.startsWith("-") && word !== "-") {
      const option = optionsOf(command).find(({ long, short }) => long === word || short === word);
      if (option !== undefined) used.add(option.name());
      awaiting = option !== undefined && option.required ? option : undefined;
      continue;
    }
    const sub = command.commands.find((one) => one.name() === word);
    if (sub !== undefined) command = sub;
    else operands += 1;
  }
  return all(command, { partial, awaiting, used, operands }).filter((candidate) => candidate.startsWith(partial));
}

function all(
  command: Command,
  at: { partial: string; awaiting: Option | undefined; used: ReadonlySet<string>; operands: number },
): string[] {
  if (at.awaiting !== undefined) return at.awaiting.argChoices ?? [];
  if (at.partial.startsWith("-")) {
    return optionsOf(command)
      .filter((option) => option.variadic || !at.used.has(option.name()))
      .flatMap(({ long }) => long ?? []);
  }
  if (command.commands.length > 0) {
    return command
      .createHelp()
      .visibleCommands(command)
      .map((sub) => sub.name());
  }
  const argument = command.registeredArguments[at.operands];
  return argument === undefined ? [] : valuesOf(argument);
}

/** Options that may be given here: the command's own and those of all commands. */
function optionsOf(command: Command): Option[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...(command.parent === null ? [] : help.visibleGlobalOptions(command))];
}

const valuesOf = (argument: Argument): string[] =>
  argument.argChoices ?? (argument.name() === "kind" ? Object.keys(LANE_OF_KIND) : []);
