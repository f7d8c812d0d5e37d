import { z } from "zod";
import type { Order } from "../../lib/rollouts/orders.ts";
import type { DirectRequest } from "../../lib/work/messages.ts";
import { findCaller } from "../caller.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure } from "../failure.ts";
import type { Hub } from "../hub.ts";
import { printData } from "../output.ts";
import {
  argumentsOf,
  describeRollout,
  findRollout,
  parseRolloutName,
  type RolloutName,
  type RolloutView,
  readyOf,
} from "./find.ts";
import { PlanReply } from "./plan.ts";

const OrderReply = z.union([
  z.object({ error: z.object({ object: z.string(), cause: z.string(), nextStep: z.string() }) }),
  z.object({ ordered: z.object({ kind: z.string(), object: z.string(), reason: z.string() }) }),
]);

/** What is ordered, and what people are told when it is. */
const ORDERS: Record<Order["type"], { from(view: RolloutView): Order; done(view: RolloutView): string }> = {
  pause: { from: () => ({ type: "pause" }), done: () => "is paused; nothing is deleted after the batch under way" },
  resume: { from: () => ({ type: "resume" }), done: () => "goes on" },
  approve: {
    from: (view) => ({ type: "approve", token: approvalOf(view).token }),
    done: (view) => `goes on; approved is ${approvalOf(view).of}`,
  },
  abort: {
    from: (view) => ({ type: "abort", rollout: rolloutOf(view, true) }),
    done: ({ key }) =>
      `is aborted: after the batch under way its pods stay as they are until the template changes; or \`outrigger rollout resume|rollback ${argumentsOf(key)}\``,
  },
  rollback: {
    from: (view) => ({ type: "rollback", rollout: rolloutOf(view, false) }),
    done: () => "goes back to the templates it started from; those it leaves are not tried again until they change",
  },
};

/**
 * `outrigger rollout pause|resume|approve|abort|rollback NAME`: writes the order onto the rollout's row in the hub, whatever
 * its home, and has it looked at now. A worker that is at it finds the order before its next batch.
 */
export async function orderRollout(
  environment: CommandEnvironment,
  text: string,
  { type, ...where }: RolloutName & { type: Order["type"] },
): Promise<void> {
  const name = parseRolloutName(text, where);
  const hub = await environment.hub();
  const view = await findRollout(hub, name, where);
  const { key } = view;
  const order = ORDERS[type].from(view);
  const by = await findCaller(hub);
  const request: DirectRequest = { action: "order", key, order, ...(by === undefined ? {} : { by }) };
  const reply = OrderReply.parse(await hub.invoke(hub.outputs.RolloutFunction, request));
  if ("error" in reply) throw new CommandFailure(reply.error);
  if (type === "resume") await refuseOtherPauses(hub, view);
  const { output } = environment;
  if (output.format !== "table") return printData(output, { key, order, ...(by === undefined ? {} : { by }) });
  output.line(`${describeRollout(key)} ${ORDERS[type].done(view)}`);
}

/** What was ordered in the hub is lifted; what else keeps it paused is for others to change, and they are told how. */
async function refuseOtherPauses(hub: Hub, { key }: RolloutView): Promise<void> {
  const request: DirectRequest = { action: "plan", key };
  const reply = PlanReply.safeParse(await hub.invoke(hub.outputs.RolloutFunction, request).catch(() => undefined)).data;
  if (reply === undefined || "error" in reply || reply.phase !== "Paused") return;
  const [ready] = reply.conditions;
  const object = describeRollout(key);
  if (ready?.reason === "ApprovalNeeded") {
    const nextStep = `Approve it: outrigger rollout approve ${argumentsOf(key)}`;
    throw new CommandFailure({ object, cause: `it waits for an approval: ${ready.message}`, nextStep });
  }
  if (ready?.reason !== "Paused") {
    throw new CommandFailure({ object, cause: ready?.message ?? "it is paused", nextStep: "End that pause as well" });
  }
  const patch = `kubectl patch multiazrollout ${key.name} -n ${key.namespace} --type merge -p '{"spec":{"paused":false}}'`;
  const nextStep =
    key.home === "hub"
      ? "Set it to false in the manifest and send that with `outrigger apply -f`"
      : `Run \`${patch}\` in that cluster, or change the manifest where something applies it again`;
  throw new CommandFailure({ object, cause: "spec.paused is true in the resource itself", nextStep });
}

function approvalOf(view: RolloutView): { token: string; of: string } {
  const { key, status } = view;
  if (status?.approval !== undefined) return status.approval;
  throw new CommandFailure({
    object: describeRollout(key),
    cause: `it asks for no approval (phase ${status?.phase ?? "unknown"})`,
    nextStep: "See `outrigger rollout status` for what it waits for",
  });
}

/** The rollout that is meant: the one seen now. One that begins a moment later is none of what was ordered. */
function rolloutOf(view: RolloutView, underWay: boolean): string {
  const { key, status } = view;
  const over = status?.phase === "Completed" || status?.phase === "Idle";
  if (status?.rollout !== undefined && !(underWay && over)) return status.rollout;
  const phase = status?.phase ?? "unknown";
  const reason = readyOf(view)?.reason;
  throw new CommandFailure({
    object: describeRollout(key),
    cause: `${underWay ? "no rollout is under way" : "no rollout is known that could go back"} (phase ${phase}${reason === undefined ? "" : `, ${reason}`})`,
    nextStep: "See `outrigger rollout status`; `outrigger rollout pause` keeps the next one from starting",
  });
}
