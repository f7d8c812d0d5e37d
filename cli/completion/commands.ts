import { Argument } from "commander";
import type { CliCommand } from "../command.ts";
import type { Streams } from "../run.ts";
import { SHELLS, type Shell } from "./scripts.ts";

/** `outrigger completion`, and what its scripts call. */
export function addCompletionCommands(program: CliCommand, streams: Streams): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and kinds in your shell")
    .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
    .examples("outrigger completion bash > ~/.local/share/bash-completion/completions/outrigger")
    .action(async (shell: Shell) => {
      const { SCRIPTS } = await import("./scripts.ts");
      streams.stdout(SCRIPTS[shell]);
    });
  program.command("__complete [words...]", { hidden: true }).action(async (words: string[]) => {
    const { candidatesFor } = await import("./candidates.ts");
    for (const candidate of candidatesFor(program, words)) streams.stdout(`${candidate}\n`);
  });
}
