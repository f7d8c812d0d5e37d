import { z } from "zod";
import type { ApiRequest } from "../lib/hub/api.ts";
import { describeUnreadable } from "../lib/registry/unreadable.ts";
import { CommandFailure } from "./failure.ts";
import type { Hub } from "./hub.ts";

const Failure = z.object({ object: z.string(), cause: z.string(), nextStep: z.string() });

/** A cluster whose registration the hub cannot read: registered, and in no answer. */
const UnreadableCluster = z.object({ name: z.string(), cause: z.string(), nextStep: z.string() });
type UnreadableCluster = z.infer<typeof UnreadableCluster>;

/** Answer of the `api` function. */
const ApiReply = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), data: z.unknown(), unreadable: UnreadableCluster.array().default([]) }),
  z.object({ ok: z.literal(false), error: Failure }),
]);

/**
 * Asks the `api` function. People are told once of each cluster that the answer does not cover.
 * @throws CommandFailure with what the function answered.
 */
export async function askApi(hub: Hub, request: ApiRequest): Promise<unknown> {
  return (await askFleet(hub, request)).data;
}

/** As `askApi`, with the clusters that the answer does not cover. */
export async function askFleet(
  hub: Hub,
  request: ApiRequest,
): Promise<{ data: unknown; unreadable: UnreadableCluster[] }> {
  const reply = ApiReply.parse(await hub.invoke(hub.outputs.ApiFunction, request));
  if (!reply.ok) throw new CommandFailure(reply.error);
  for (const cluster of reply.unreadable) hub.warn?.(describeUnreadable(cluster));
  return reply;
}
