import { CommandFailure } from "../failure.ts";
import { argumentsOf, describeRollout, type RolloutView, readyOf } from "./find.ts";

/** Where a rollout is that goes on by itself no more; undefined while it may. */
export type Verdict = { done: true } | { done: false; failure: CommandFailure };

/** Phases in which nothing is left to do. */
export const isSettled = (phase: string | undefined): boolean => phase === "Completed" || phase === "Idle";

/**
 * How a rollout ended: done when it is Completed (or there was nothing to do), failed when it was rolled back, is Stalled,
 * Refused or aborted. Held and Paused are no ends: gates open, and people resume.
 */
export function verdictOf(view: RolloutView): Verdict | undefined {
  const { key, status } = view;
  const ready = readyOf(view);
  const reason = ready?.reason ?? "";
  const failed = (nextStep: string): Verdict => {
    const cause = `${status?.phase}, ${reason}: ${ready?.message ?? ""}`;
    return { done: false, failure: new CommandFailure({ object: describeRollout(key), cause, nextStep }) };
  };
  const see = `See \`outrigger rollout plan ${argumentsOf(key)}\``;
  if (reason === "RolledBack") return failed("Change the template to try again");
  if (isSettled(status?.phase)) return { done: true };
  if (status?.phase === "Stalled") return failed(`${see}, or \`outrigger rollout rollback ${argumentsOf(key)}\``);
  if (status?.phase === "Refused") return failed("Correct what it names");
  if (reason === "Aborted")
    return failed(`See \`outrigger audit ${key.kind}/${key.name} -n ${key.namespace} --cluster ${key.cluster}\``);
  return undefined;
}

/** A rollout that went while it was watched. */
export const goneFailure = (key: RolloutView["key"]): CommandFailure =>
  new CommandFailure({
    object: describeRollout(key),
    cause: "it is gone: the resource was deleted, or its cluster deregistered",
    nextStep: `See \`outrigger get ${key.kind} -A\``,
  });
