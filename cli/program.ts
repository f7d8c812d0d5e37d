import { Command, InvalidArgumentError, Option } from "commander";
import type { CommandEnvironment, FindHub } from "./command-environment.ts";
import type { HubOptions } from "./hub.ts";
import { OUTPUT_FORMATS, type Output, type OutputFormat } from "./output.ts";
import type { Streams } from "./run.ts";

interface GlobalOptions extends HubOptions {
  output: OutputFormat;
}

/** The whole command line. Each command's code is loaded when it runs, so that `--help` is there at once. */
export function buildProgram(streams: Streams, findHub: FindHub): Command {
  const program = new Command("outrigger")
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
    .option("--local", "use the local environment (or set OUTRIGGER_LOCAL=true)", isLocalByDefault());

  const environmentOf = (command: Command): CommandEnvironment => {
    const { stack, local, output } = command.optsWithGlobals<GlobalOptions>();
    return { hub: () => findHub({ stack, local }), output: createOutput(output, streams) };
  };

  addClusterCommands(program, environmentOf);
  addResourceCommands(program, environmentOf);
  addLocalCommands(program, streams);
  return program;
}

type EnvironmentOf = (command: Command) => CommandEnvironment;

function addClusterCommands(program: Command, environmentOf: EnvironmentOf): void {
  const cluster = program.command("cluster").description("register, look at and deregister clusters");
  cluster
    .command("register <name>")
    .description("register a cluster, or change its registration, by an event on the bus")
    .option("--arn <arn>", "ARN of an EKS cluster")
    .option("--region <region>", "region of an EKS cluster of this name, with --account")
    .option("--account <id>", "account of an EKS cluster of this name, with --region")
    .option("--kubeconfig-secret <name>", "Secrets Manager secret that holds a kubeconfig")
    .option("--role-arn <arn>", "role to assume in the cluster's account")
    .option("--external-id <id>", "external id for that role")
    .option("-l, --label <key=value...>", "label of the cluster", collectPairs)
    .option("--capability <name...>", "what may be done in it (observe, rollouts)")
    .option("--namespace <name...>", "the only namespaces worked in; all when left out")
    .option("--monitor-interval <duration>", "time between two probes, e.g. 30s")
    .option("--discover-interval <duration>", "time between two looks for resources, e.g. 30s")
    .option("--no-install-custom-resources", "leave the custom resource definitions alone")
    .option("--no-wait", "return as soon as the event is sent")
    .option("--timeout <seconds>", "how long to wait until it is registered and probed", wholeNumber, 120)
    .action(async (name: string, options, command: Command) => {
      const { registerCluster } = await import("./cluster/register.ts");
      await registerCluster(environmentOf(command), name, options);
    });
  cluster
    .command("list")
    .description("all registered clusters with their health")
    .action(async (_options, command: Command) => {
      const { listClusters } = await import("./cluster/list.ts");
      await listClusters(environmentOf(command));
    });
  cluster
    .command("get <name>")
    .description("one cluster: registration, health and its checks")
    .action(async (name: string, _options, command: Command) => {
      const { getCluster } = await import("./cluster/get.ts");
      await getCluster(environmentOf(command), name);
    });
  cluster
    .command("deregister <name>")
    .description("deregister a cluster; its workloads stay")
    .option("--force", "do not clean up in the cluster (it is gone)", false)
    .option("--no-wait", "return as soon as the event is sent")
    .option("--timeout <seconds>", "how long to wait until it is deregistered", wholeNumber, 120)
    .action(async (name: string, options, command: Command) => {
      const { deregisterCluster } = await import("./cluster/deregister.ts");
      await deregisterCluster(environmentOf(command), name, options);
    });
}

function addResourceCommands(program: Command, environmentOf: EnvironmentOf): void {
  program
    .command("get <kind> [name]")
    .description("resources the hub works on, e.g. `get MultiAZRollout -A`")
    .option("-n, --namespace <name>", "namespace", "default")
    .option("-A, --all-namespaces", "all namespaces", false)
    .option("--cluster <name>", "only this cluster")
    .action(async (kind: string, name: string | undefined, options, command: Command) => {
      const { getResources } = await import("./get.ts");
      await getResources(environmentOf(command), kind, name, options);
    });
  program
    .command("reconcile <kind/name>")
    .description("reconcile one resource now and say what was done")
    .requiredOption("--cluster <name>", "the cluster it lives in")
    .option("-n, --namespace <name>", "its namespace", "default")
    .action(async (target: string, options, command: Command) => {
      const { reconcileResource } = await import("./reconcile.ts");
      await reconcileResource(environmentOf(command), target, options);
    });
  program
    .command("status")
    .description("the hub at a glance: clusters, resources, what is due")
    .action(async (_options, command: Command) => {
      const { showStatus } = await import("./status.ts");
      await showStatus(environmentOf(command));
    });
}

function addLocalCommands(program: Command, streams: Streams): void {
  const local = program.command("local").description("the local environment: AWS and clusters on this machine");
  local
    .command("up")
    .description("start it: local AWS, the deployed stack, clusters registered and probed")
    .addOption(new Option("--kubernetes <kind>", "which kind of local clusters").choices(["real"]).default("real"))
    .option("--clusters <n>", "how many clusters to start", wholeNumber, 1)
    .option("--cluster <name=kubeconfig...>", "register this cluster of yours as well", collectPairs)
    .option("--json", "print endpoint and clusters as one line of JSON", false)
    .option("--detach", "leave it running in the background", false)
    .action(async (options) => {
      const { localUp } = await import("./local-up.ts");
      await localUp(options, streams);
    });
  local
    .command("down")
    .description("stop it; nothing is left running")
    .action(async () => {
      const { localDown } = await import("./local-down.ts");
      await localDown(streams);
    });
  program
    .command("demo")
    .description("two local clusters, rollouts over three zones, watched by an independent observer")
    .option("--json", "end with one line of JSON", false)
    .action(async (options) => {
      const { runDemo } = await import("./demo.ts");
      await runDemo(options, streams);
    });
}

function createOutput(format: OutputFormat, streams: Streams): Output {
  return {
    format,
    line: (text) => streams.stdout(`${text}\n`),
    note: (text) => streams.stderr(`${text}\n`),
  };
}

/** What commander has to say, as one line that also says what to do. */
function usageLine(text: string): string {
  const cause = text
    .replace(/^error: /, "")
    .trim()
    .replaceAll(/\s*\n\s*/g, " ");
  return `outrigger: ${cause}${/[.?!)]$/.test(cause) ? "" : "."} Run it with --help to see what it takes.\n`;
}

function isLocalByDefault(): boolean {
  return ["true", "1"].includes(process.env["OUTRIGGER_LOCAL"] ?? "");
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return value;
}

function collectPairs(text: string, pairs: Record<string, string> = {}): Record<string, string> {
  const split = text.indexOf("=");
  if (split < 1) throw new InvalidArgumentError("Write it as name=value.");
  return { ...pairs, [text.slice(0, split)]: text.slice(split + 1) };
}
