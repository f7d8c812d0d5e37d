import * as z from "zod";

/** How often a guard that is in place is read again: somebody may have changed or removed it. */
export const GUARD_CHECK_INTERVAL_MS = 300_000;

/** What is remembered of a cluster's guard between two looks. */
export const GuardMemory = z.strictObject({
  /** Definition of the guard that was put there or found there last; "" = perhaps a part of one, absent = none of ours. */
  definition: z.string().optional(),
  /** When the guard was read last, ISO-8601 UTC. */
  checkedAt: z.string(),
});
export type GuardMemory = z.infer<typeof GuardMemory>;

export type GuardPlan = "rest" | "install" | "remove";

/**
 * What is to be done about a cluster's guard. Pure.
 * @param input.protectedSets labelled StatefulSets of the registration's namespaces.
 * @param input.definition of the guard as it should be.
 */
export function planGuard(input: {
  protectedSets: number;
  definition: string;
  memory: GuardMemory | undefined;
  nowMs: number;
}): GuardPlan {
  const { protectedSets, definition, memory, nowMs } = input;
  if (protectedSets === 0) return memory?.definition === undefined ? "rest" : "remove";
  if (memory?.definition !== definition) return "install";
  return nowMs - Date.parse(memory.checkedAt) < GUARD_CHECK_INTERVAL_MS ? "rest" : "install";
}
