import type { Order } from "../../lib/rollouts/orders.ts";
import type { CliCommand } from "../command.ts";
import { wholeNumber } from "../parse.ts";
import type { EnvironmentOf } from "../program.ts";

const EXAMPLE = "ingester -n mimir --cluster prod-eu";

/** What people order about a rollout. */
const ORDERS = {
  pause: "stop before the next batch, until `resume`; whatever applies the manifest does not undo it",
  resume: "go on after a pause or an abort",
  approve: "approve what it asks for: the next zone, or changed members",
  abort: "give the rollout under way up: its pods stay as they are until the template changes, or `resume`",
  rollback: "go back to the templates it started from, whatever the gates say; also right after it is Completed",
} as const satisfies Record<Order["type"], string>;

/** Commands about rollouts. What people order is kept in the hub, and works for both homes. */
export function addRolloutCommands(program: CliCommand, environmentOf: EnvironmentOf): void {
  const rollout = program
    .command("rollout")
    .description("look at rollouts, stop them, let them go on or go back")
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
  add("watch", "draw zones and pods as they change; ends with 0 when Completed, with 1 when it will not be")
    .option("--for <goal>", "end at phase=PHASE, condition=TYPE[=STATUS] or delete instead")
    .option("--timeout <seconds>", "end with 1 after this time; 0 = never", wholeNumber, 0)
    .examples(
      `outrigger rollout watch ${EXAMPLE} --timeout 3600`,
      `outrigger rollout watch ${EXAMPLE} -o json`,
      `outrigger rollout watch ${EXAMPLE} --for phase=Held`,
    )
    .action(async (name: string, options, command: CliCommand) => {
      const { watchRollout } = await import("./watch.ts");
      await watchRollout(environmentOf(command), name, options);
    });
  add("plan", "what the next step would delete, and why not more; changes nothing").action(
    async (name: string, options, command: CliCommand) => {
      const { planRollout } = await import("./plan.ts");
      await planRollout(environmentOf(command), name, options);
    },
  );
  for (const [type, description] of Object.entries(ORDERS)) {
    add(type, description).action(async (name: string, options, command: CliCommand) => {
      const { orderRollout } = await import("./order.ts");
      await orderRollout(environmentOf(command), name, { ...options, type });
    });
  }
}
