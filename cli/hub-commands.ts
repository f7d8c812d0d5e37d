import type { CliCommand } from "./command.ts";
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
}
