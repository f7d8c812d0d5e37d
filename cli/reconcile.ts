import { z } from "zod";
import type { DirectRequest } from "../lib/work/messages.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { CommandFailure, UsageError } from "./failure.ts";
import type { StackOutputs } from "./hub.ts";
import { resolveKind } from "./kinds.ts";
import { checkName } from "./names.ts";
import { type Output, printData, renderTable } from "./output.ts";
import { conditionLine } from "./resource-table.ts";
import { parseTarget } from "./target.ts";

/** Answer of a lane's function to a direct request. */
const DirectReply = z.union([
  z.object({ error: z.object({ object: z.string(), cause: z.string(), nextStep: z.string() }) }),
  z.object({
    actions: z.array(
      z.object({ kind: z.string(), object: z.string(), reason: z.string(), result: z.string().optional() }),
    ),
    conditions: z.array(
      z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }).loose(),
    ),
    phase: z.string(),
    nextDueInSeconds: z.number(),
  }),
]);

const LANE_FUNCTION = { reconcile: "ReconcileFunction", rollout: "RolloutFunction" } as const satisfies Record<
  string,
  keyof StackOutputs
>;

/** `outrigger reconcile KIND/NAME`: one plan, one execute, no waiting, under the same lease as every other worker. */
export async function reconcileResource(
  environment: CommandEnvironment,
  target: string,
  options: { cluster: string; namespace: string; home: "cluster" | "hub" },
): Promise<void> {
  const id = parseTarget(target, options.namespace);
  const { lane } = resolveKind(id.kind);
  if (lane === "probe")
    throw new UsageError(`Kind ${id.kind}: it is probed, not reconciled. Use \`outrigger cluster get\`.`);
  checkName("Cluster", options.cluster);

  const hub = await environment.hub();
  const request: DirectRequest = {
    action: "reconcile",
    key: { cluster: options.cluster, home: options.home, ...id },
  };
  const reply = DirectReply.parse(await hub.invoke(hub.outputs[LANE_FUNCTION[lane]], request));
  if ("error" in reply) throw new CommandFailure(reply.error);
  await print(environment.output, reply);
}

async function print(output: Output, reply: Exclude<z.infer<typeof DirectReply>, { error: unknown }>): Promise<void> {
  if (output.format !== "table") return printData(output, reply);
  output.line(`${reply.phase}; looked at again in ${reply.nextDueInSeconds} s`);
  for (const condition of reply.conditions) {
    output.line(conditionLine(condition));
  }
  if (reply.actions.length === 0) return output.line("No action was needed.");
  const rows = reply.actions.map(({ kind, object, reason, result }) => [kind, object, reason, result ?? ""]);
  output.line(await renderTable(["ACTION", "OBJECT", "REASON", "RESULT"], rows));
}
