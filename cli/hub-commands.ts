import type { CliCommand } from "./command.ts";
import type { HubOptions } from "./hub.ts";
import { collectPairs } from "./parse.ts";
import type { EnvironmentOf } from "./program.ts";

/** Commands about the hub itself. */
export function addHubCommands(program: CliCommand, environmentOf: EnvironmentOf): void {
  program
    .command("status")
    .description("the hub at a glance: clusters, resources, what is due")
    .examples("outrigger status", "outrigger status -o json")
    .action(async (_options, command: CliCommand) => {
      const { showStatus } = await import("./status.ts");
      await showStatus(environmentOf(command));
    });
  program
    .command("doctor")
    .description("look at everything the hub needs, and name the fix for what is wrong")
    .option(
      "--kubeconfig <cluster=path...>",
      "look into this cluster too, with its administrator's rights",
      collectPairs,
    )
    .examples(
      "outrigger doctor",
      "outrigger doctor --kubeconfig prod-eu=./prod-eu.kubeconfig",
      "outrigger --local doctor",
    )
    .action(async (options, command: CliCommand) => {
      const { runDoctor } = await import("./doctor/command.ts");
      const { stack, local } = command.optsWithGlobals<HubOptions>();
      await runDoctor(environmentOf(command), options, async (kubeconfigs) => {
        const { openDoctorPorts } = await import("./doctor/aws.ts");
        return openDoctorPorts({ stack, local }, kubeconfigs);
      });
    });
}
