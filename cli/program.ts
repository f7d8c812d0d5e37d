import { Option } from "commander";
import { addApplyCommands } from "./apply-commands.ts";
import { addClusterCommands } from "./cluster/commands.ts";
import { CliCommand } from "./command.ts";
import type { CommandEnvironment, FindHub } from "./command-environment.ts";
import { addCompletionCommands } from "./completion/commands.ts";
import type { Hub, HubOptions } from "./hub.ts";
import { addHubCommands } from "./hub-commands.ts";
import { addLocalCommands } from "./local-commands.ts";
import { OUTPUT_FORMATS, type Output, type OutputFormat } from "./output.ts";
import { addResourceCommands } from "./resource-commands.ts";
import { addRolloutCommands } from "./rollout/commands.ts";
import type { Streams } from "./run.ts";
import { usageLine } from "./usage.ts";
import { packageVersion } from "./version.ts";

interface GlobalOptions extends HubOptions {
  output: OutputFormat;
}

/** What a command's action is given to work with, from the options of its command line. */
export type EnvironmentOf = (command: CliCommand) => CommandEnvironment;

/** The whole command line. Each command's code is loaded when it runs, so that `--help` is there at once. */
export function buildProgram(streams: Streams, findHub: FindHub): CliCommand {
  const program = new CliCommand("outrigger")
    .description("Control plane for fleets of Amazon EKS clusters")
    .configureOutput({
      writeOut: (text) => streams.stdout(text),
      writeErr: (text) => streams.stderr(text),
      outputError: (text, write) => write(usageLine(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .addOption(new Option("-o, --output <format>", "how results are printed").choices(OUTPUT_FORMATS).default("table"))
    .option("--stack <name>", "name of the deployed stack", "Outrigger")
    .option("--local", "use the local environment (or set OUTRIGGER_LOCAL=true)", isLocalByDefault())
    .version(packageVersion(), "-V, --version", "print the version of this command")
    .examples("outrigger demo", "outrigger --stack Outrigger cluster list", "outrigger --local doctor");

  const environmentOf: EnvironmentOf = (command) => {
    const { stack, local, output } = command.optsWithGlobals<GlobalOptions>();
    const { terminal } = streams;
    return {
      hub: async () => warningOnce(await findHub({ stack, local }), streams),
      output: createOutput(output, streams),
      ...(terminal && { terminal: { write: (text) => streams.stdout(text), columns: () => terminal.columns() } }),
    };
  };

  addClusterCommands(program, environmentOf);
  addResourceCommands(program, environmentOf);
  addRolloutCommands(program, environmentOf);
  addApplyCommands(program, environmentOf);
  addHubCommands(program, environmentOf);
  addLocalCommands(program, streams);
  addCompletionCommands(program, streams);
  return program;
}

function warningOnce(hub: Hub, streams: Streams): Hub {
  const told = new Set<string>();
  const warn = (text: string): void => {
    if (told.has(text)) return;
    told.add(text);
    streams.stderr(`Warning: ${text}\n`);
  };
  return { ...hub, warn };
}

function createOutput(format: OutputFormat, streams: Streams): Output {
  return {
    format,
    line: (text) => streams.stdout(`${text}\n`),
    note: (text) => streams.stderr(`${text}\n`),
  };
}

function isLocalByDefault(): boolean {
  return ["true", "1"].includes(process.env["OUTRIGGER_LOCAL"] ?? "");
}
