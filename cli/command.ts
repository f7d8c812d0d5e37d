import { Command, type ErrorOptions, type HelpContext } from "commander";
import { nextStepAfter } from "./usage.ts";

/** A command with examples, whose complaints about its usage also say what would be right. */
export class CliCommand extends Command {
  readonly #examples: string[] = [];

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  /** Whole command lines, beginning with `outrigger`; shown below the help. */
  examples(...lines: string[]): this {
    if (this.#examples.length === 0) {
      this.addHelpText("after", () => `\nExamples:\n${this.#examples.map((line) => `  $ ${line}`).join("\n")}`);
    }
    this.#examples.push(...lines);
    return this;
  }

  get exampleLines(): readonly string[] {
    return this.#examples;
  }

  /** e.g. `outrigger cluster get`. */
  get path(): string {
    const parent = this.parent instanceof CliCommand ? `${this.parent.path} ` : "";
    return `${parent}${this.name()}`;
  }

  override error(message: string, options?: ErrorOptions): never {
    return super.error(`${message}\n${nextStepAfter(options?.code ?? "", message, this)}`, options);
  }

  /** A command that lacks its subcommand is wrong usage: one line instead of a page of help. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context === "object" && context.error === true && this.parent !== null) {
      this.error(`error: \`${this.path}\` needs a command`, { code: "outrigger.missingCommand" });
    }
    return typeof context === "function" ? super.help(context) : super.help();
  }
}
