import { z } from "zod";
import type { ApiRequest } from "../lib/hub/api.ts";
import { CommandFailure } from "./failure.ts";
import type { Hub } from "./hub.ts";

const Failure = z.object({ object: z.string(), cause: z.string(), nextStep: z.string() });

/** Answer of the `api` function. */
const ApiReply = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), data: z.unknown() }),
  z.object({ ok: z.literal(false), error: Failure }),
]);

/**
 * Asks the `api` function.
 * @throws CommandFailure with what the function answered.
 */
export async function askApi(hub: Hub, request: ApiRequest): Promise<unknown> {
  const reply = ApiReply.parse(await hub.invoke(hub.outputs.ApiFunction, request));
  if (!reply.ok) throw new CommandFailure(reply.error);
  return reply.data;
}
