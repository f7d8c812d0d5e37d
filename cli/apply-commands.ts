import type { CliCommand } from "./command.ts";
import { wholeNumber } from "./parse.ts";
import type { EnvironmentOf } from "./program.ts";

/** Commands about resources whose home is the hub, and about what was done. */
export function addApplyCommands(program: CliCommand, environmentOf: EnvironmentOf): void {
  program
    .command("apply")
    .description("put resources into the hub, for one cluster or for all whose labels match, now and later")
    .requiredOption("-f, --file <path...>", "files, folders, or - for stdin")
    .option("-R, --recursive", "folders with what is below them", false)
    .option("-n, --namespace <name>", "for resources that name none", "default")
    .option("--cluster <name>", "for this cluster")
    .option("-l, --selector <selector>", "for clusters with these labels, e.g. stage=prod,region in (eu,us)")
    .option("--all-clusters", "for all clusters", false)
    .option("--dry-run", "say what would change, change nothing", false)
    .examples(
      "outrigger apply -f rollout.yaml --cluster prod-eu",
      "outrigger apply -f rollouts/ --selector stage=prod --dry-run",
      "cat rollout.yaml | outrigger apply -f - --all-clusters",
    )
    .action(async (options, command: CliCommand) => {
      const { applyFiles } = await import("./apply.ts");
      await applyFiles(environmentOf(command), options);
    });
  program
    .command("delete [kind/name]")
    .description("delete resources of the hub; what they left in clusters is given back first")
    .option("-f, --file <path...>", "those in these files, folders, or - for stdin")
    .option("-R, --recursive", "folders with what is below them", false)
    .option("-n, --namespace <name>", "namespace", "default")
    .option("--cluster <name>", "what was applied to this cluster; else what was applied by a selector")
    .option("--dry-run", "say what would go, change nothing", false)
    .option("--no-wait", "return as soon as it is marked")
    .option("--timeout <seconds>", "how long to wait until it is gone", wholeNumber, 120)
    .examples(
      "outrigger delete MultiAZRollout/ingester -n mimir",
      "outrigger delete MultiAZRollout/ingester -n mimir --cluster prod-eu",
      "outrigger delete -f rollouts/ --dry-run",
    )
    .action(async (target: string | undefined, options, command: CliCommand) => {
      const { deleteResources } = await import("./delete.ts");
      await deleteResources(environmentOf(command), target, options);
    });
  program
    .command("describe <kind/name>")
    .description("one resource: across the fleet, or in a cluster with conditions, last actions and when it is due")
    .option("-n, --namespace <name>", "namespace", "default")
    .option("--cluster <name>", "only this cluster")
    .examples(
      "outrigger describe MultiAZRollout/ingester -n mimir",
      "outrigger describe MultiAZRollout/ingester -n mimir --cluster prod-eu",
    )
    .action(async (target: string, options, command: CliCommand) => {
      const { describeResource } = await import("./describe.ts");
      await describeResource(environmentOf(command), target, options);
    });
  program
    .command("fleet [kind]")
    .description("resources applied by labels: in how many clusters, how far, what is wrong first")
    .option("-n, --namespace <name>", "only this namespace")
    .examples("outrigger fleet", "outrigger fleet MultiAZRollout -n mimir -o json")
    .action(async (kind: string | undefined, options, command: CliCommand) => {
      const { listFleet } = await import("./fleet.ts");
      await listFleet(environmentOf(command), kind, options);
    });
  program
    .command("audit [kind/name]")
    .description("what was intended and done in a cluster, newest first")
    .requiredOption("--cluster <name>", "the cluster")
    .option("-n, --namespace <name>", "namespace of the resource", "default")
    .option("--limit <number>", "how many batches, 1 to 200", wholeNumber, 20)
    .examples(
      "outrigger audit --cluster prod-eu",
      "outrigger audit MultiAZRollout/ingester -n mimir --cluster prod-eu --limit 50",
    )
    .action(async (target: string | undefined, options, command: CliCommand) => {
      const { showAudit } = await import("./audit.ts");
      await showAudit(environmentOf(command), target, options);
    });
}
