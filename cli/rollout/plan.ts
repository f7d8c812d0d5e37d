import { z } from "zod";
import type { DirectRequest } from "../../lib/work/messages.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure } from "../failure.ts";
import { printData, renderTable } from "../output.ts";
import { findRollout, parseRolloutName, type RolloutName } from "./find.ts";

/** Answer of the rollout function that was asked to look ahead. */
export const PlanReply = z.union([
  z.object({ error: z.object({ object: z.string(), cause: z.string(), nextStep: z.string() }) }),
  z.object({
    actions: z.array(z.object({ kind: z.string(), object: z.string(), reason: z.string() })),
    conditions: z.array(
      z.object({ type: z.string(), status: z.string().optional(), reason: z.string(), message: z.string() }).loose(),
    ),
    phase: z.string(),
    nextDueInSeconds: z.number(),
    zones: z.array(
      z.object({
        name: z.string(),
        outdated: z.number(),
        maxUnavailable: z.array(z.number()),
        places: z.array(z.number()),
        unready: z.array(z.string()),
      }),
    ),
  }),
]);

/** `outrigger rollout plan NAME`: what the next step would delete and why not more, as its cluster looks now. */
export async function planRollout(environment: CommandEnvironment, text: string, where: RolloutName): Promise<void> {
  const name = parseRolloutName(text, where);
  const hub = await environment.hub();
  const { key } = await findRollout(hub, name, where);
  const request: DirectRequest = { action: "plan", key };
  const reply = PlanReply.parse(await hub.invoke(hub.outputs.RolloutFunction, request));
  if ("error" in reply) throw new CommandFailure(reply.error);
  const { output } = environment;
  if (output.format !== "table") return printData(output, reply);
  const [ready] = reply.conditions;
  output.line(`${reply.phase}: ${ready?.message ?? ""}`);
  const scaled = reply.conditions.find(({ type, status }) => type === "Scaled" && status === "False");
  if (scaled !== undefined) output.line(`${scaled.reason}: ${scaled.message}`);
  const actions = reply.actions.map(({ kind, object, reason }) => [kind, object, reason]);
  if (actions.length > 0) output.line(await renderTable(["NEXT", "OBJECT", "REASON"], actions));
  else output.line("Nothing would be done now.");
  const zones = reply.zones.map(({ name: zone, outdated, maxUnavailable, places, unready }) => [
    zone,
    String(outdated),
    maxUnavailable.join(", "),
    places.join(", "),
    unready.length === 0 ? "–" : unready.slice(0, 3).join(", "),
  ]);
  if (zones.length === 0) return;
  output.line(await renderTable(["ZONE", "OUTDATED", "MAX-UNAVAILABLE", "FREE-PLACES", "UNREADY"], zones));
}
