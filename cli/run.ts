import { CommanderError } from "commander";
import type { ZodError } from "zod";
import type { FindHub } from "./command-environment.ts";
import { CommandFailure, EXIT, failureLine, UsageError } from "./failure.ts";
import { buildProgram } from "./program.ts";
import { packageVersion } from "./version.ts";

/** Where a command's text goes. */
export interface Streams {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Present when stdout is a terminal. */
  terminal?: { columns(): number };
}

/**
 * Runs one command line, e.g. `["cluster", "list", "-o", "json"]`. Never throws: what goes wrong becomes one line on
 * stderr.
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage.
 */
export async function runCommand(
  arguments_: readonly string[],
  streams: Streams,
  findHub: FindHub = findDeployedHub,
): Promise<number> {
  try {
    await buildProgram(streams, findHub).parseAsync(arguments_, { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    streams.stderr(`${failureLine(isUnreadable(error) ? await explainReply(error) : error)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

const isUnreadable = (error: unknown): error is ZodError => error instanceof Error && error.name === "ZodError";

/** The hub's answers are parsed as they come: one that does not fit is another version's. */
async function explainReply(error: ZodError): Promise<CommandFailure> {
  const { problemsInWords } = await import("../lib/kubernetes/issue-in-words.ts");
  return new CommandFailure({
    object: "the hub's answer",
    cause: `version ${packageVersion()} of this command cannot read it: ${problemsInWords(error, "answer").join("; ")}`,
    nextStep: "use the command of the version that is deployed, or deploy this version",
  });
}

const findDeployedHub: FindHub = async (options) => {
  const { findHub } = await import("./hub.ts");
  return findHub(options);
};
