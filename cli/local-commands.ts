import { Option } from "commander";
import { requireCheckout } from "./checkout.ts";
import type { CliCommand } from "./command.ts";
import { collectPairs, wholeNumber } from "./parse.ts";
import type { Streams } from "./run.ts";

/** Commands that run everything on this machine. */
export function addLocalCommands(program: CliCommand, streams: Streams): void {
  const local = program
    .command("local")
    .hook("preAction", requireCheckout)
    .description("the local environment: AWS and clusters on this machine")
    .examples("outrigger local up --clusters 2");
  local
    .command("up")
    .description("start it: local AWS, the deployed stack, clusters registered and probed")
    .addOption(kubernetesOption())
    .option("--clusters <n>", "how many clusters to start", wholeNumber, 1)
    .option("--cluster <name=kubeconfig...>", "register this cluster of yours as well", collectPairs)
    .option("--json", "print endpoint and clusters as one line of JSON", false)
    .option("--detach", "leave it running in the background", false)
    .examples(
      "outrigger local up --clusters 2 --detach",
      "outrigger local up --clusters 0 --cluster lab=./lab.kubeconfig",
      "outrigger local up --kubernetes real",
    )
    .action(async (options) => {
      const { localUp } = await import("./local-up.ts");
      await localUp(options, streams);
    });
  local
    .command("down")
    .description("stop it; nothing is left running")
    .examples("outrigger local down")
    .action(async () => {
      const { localDown } = await import("./local-down.ts");
      await localDown(streams);
    });
  program
    .command("demo")
    .hook("preAction", requireCheckout)
    .description("three local clusters, rollouts over three zones, watched by an independent observer")
    .addOption(kubernetesOption())
    .option("--keep", "leave everything running at the end, and say what to try", false)
    .option("--json", "end with one line of JSON", false)
    .examples("outrigger demo", "outrigger demo --keep", "outrigger demo --kubernetes real --json")
    .action(async (options) => {
      const { runDemo } = await import("./demo/command.ts");
      await runDemo(options, streams);
    });
}

const kubernetesOption = (): Option =>
  new Option("--kubernetes <kind>", "small clusters in Node, or the real programs, built with Go at first use")
    .choices(["embedded", "real"])
    .default("embedded");
