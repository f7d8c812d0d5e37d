import { Option } from "commander";
import type { CliCommand } from "./command.ts";
import { wholeNumber } from "./parse.ts";
import type { EnvironmentOf } from "./program.ts";

/** Commands about resources. */
export function addResourceCommands(program: CliCommand, environmentOf: EnvironmentOf): void {
  program
    .command("get <kind> [name]")
    .description("resources the hub works on")
    .option("-n, --namespace <name>", "namespace", "default")
    .addOption(new Option("-A, --all-namespaces", "all namespaces").default(false).conflicts("namespace"))
    .option("--cluster <name>", "only this cluster")
    .option("-w, --watch", "go on and print what changes, until Ctrl-C", false)
    .option("--for <goal>", "watch until phase=PHASE, condition=TYPE[=STATUS] or delete")
    .option("--timeout <seconds>", "end the watch after this time; 0 = never", wholeNumber, 0)
    .examples(
      "outrigger get MultiAZRollout -A",
      "outrigger get MultiAZRollout ingester -n mimir --cluster prod-eu",
      "outrigger get MultiAZRollout -A -w",
      "outrigger get MultiAZRollout ingester -n mimir --for phase=Completed --timeout 900",
    )
    .action(async (kind: string, name: string | undefined, options, command: CliCommand) => {
      const { getResources } = await import("./get.ts");
      await getResources(environmentOf(command), kind, name, options);
    });
  program
    .command("reconcile <kind/name>")
    .description("reconcile one resource now and say what was done")
    .requiredOption("--cluster <name>", "the cluster it lives in")
    .option("-n, --namespace <name>", "its namespace", "default")
    .addOption(new Option("--home <home>", "where it lives").choices(["cluster", "hub"]).default("cluster"))
    .examples("outrigger reconcile MultiAZRollout/ingester -n mimir --cluster prod-eu")
    .action(async (target: string, options, command: CliCommand) => {
      const { reconcileResource } = await import("./reconcile.ts");
      await reconcileResource(environmentOf(command), target, options);
    });
}
