import type { CliCommand } from "../command.ts";
import type { EnvironmentOf } from "../program.ts";

const EXAMPLE = "ingester -n mimir --cluster prod-eu";

/** Commands about rollouts. What they change they change in the resource, with the caller's own access to its cluster. */
export function addRolloutCommands(program: CliCommand, environmentOf: EnvironmentOf): void {
  const rollout = program
    .command("rollout")
    .description("look at rollouts, stop them and let them go on")
    .examples(`outrigger rollout status ${EXAMPLE}`);
  const add = (name: string, description: string): CliCommand =>
    rollout
      .command(`${name} <name>`)
      .description(description)
      .option("-n, --namespace <name>", "its namespace", "default")
      .option("--cluster <name>", "the cluster; needed when several have one of this name")
      .examples(`outrigger rollout ${name} ${EXAMPLE}`);

  add("status", "where it is: zones, pods, what it waits for").action(
    async (name: string, options, command: CliCommand) => {
      const { showRollout } = await import("./status.ts");
      await showRollout(environmentOf(command), name, options);
    },
  );
  add("plan", "what the next step would delete, and why not more; changes nothing").action(
    async (name: string, options, command: CliCommand) => {
      const { planRollout } = await import("./plan.ts");
      await planRollout(environmentOf(command), name, options);
    },
  );
  add("pause", "stop before the next batch (spec.paused)").action(
    async (name: string, options, command: CliCommand) => {
      const { pauseRollout } = await import("./change.ts");
      await pauseRollout(environmentOf(command), name, { ...options, paused: true });
    },
  );
  add("resume", "go on after a pause").action(async (name: string, options, command: CliCommand) => {
    const { pauseRollout } = await import("./change.ts");
    await pauseRollout(environmentOf(command), name, { ...options, paused: false });
  });
  add("approve", "approve what it asks for: the next zone, or changed members").action(
    async (name: string, options, command: CliCommand) => {
      const { approveRollout } = await import("./change.ts");
      await approveRollout(environmentOf(command), name, options);
    },
  );
}
