import type { Executed } from "./attempt.ts";
import { holdsRollout } from "./settle.ts";
import { conditionsOf, type RolloutStatus } from "./status.ts";

/** The status of a rollout that goes on later because a write was refused or failed. */
export function withFailure(status: RolloutStatus, executed: readonly Executed[]): RolloutStatus {
  const failure = executed.find(holdsRollout)?.outcome;
  const message = `${failure?.kind} ${failure?.object}: ${failure?.message}`;
  const reason = failure?.message?.startsWith("Overlap") === true ? "Overlap" : "WriteRefused";
  const told = conditionsOf("Held", reason, message);
  return {
    ...status,
    phase: "Held",
    conditions: status.conditions.map((condition) => ({
      ...condition,
      ...told.find(({ type }) => type === condition.type),
    })),
  };
}
