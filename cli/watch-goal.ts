import type { DiscoveryPhase } from "../lib/registry/discover-status.ts";
import { didYouMean } from "../lib/registry/problems.ts";
import type { Phase } from "../lib/rollouts/safety-rule.ts";
import { UsageError } from "./failure.ts";
import type { ResourceView } from "./views.ts";

const PHASES = Object.keys({
  Idle: true,
  Progressing: true,
  Held: true,
  Paused: true,
  Stalled: true,
  RollingBack: true,
  Completed: true,
  Refused: true,
  Discovered: true,
  Deregistering: true,
} satisfies Record<Phase | DiscoveryPhase, true>);

/** What a watch waits for. */
export interface WatchGoal {
  /** As it was written. */
  text: string;
  isMet(resources: readonly ResourceView[]): boolean;
}

/**
 * Reads `phase=Completed`, `condition=Ready`, `condition=Ready=False` (all resources shown must have it) or `delete`
 * (none is left).
 * @throws UsageError for anything else.
 */
export function parseGoal(text: string): WatchGoal {
  const [subject, wanted = "", status = "True", ...rest] = text.split("=");
  const each = (test: (resource: ResourceView) => boolean): WatchGoal => ({
    text,
    isMet: (resources) => resources.length > 0 && resources.every(test),
  });
  if (text === "delete") return { text, isMet: (resources) => resources.length === 0 };
  const complete = wanted !== "" && rest.length === 0;
  if (complete && subject === "phase" && !text.includes("=", "phase=".length)) {
    checkPhase(text, wanted);
    return each((resource) => resource.status?.phase === wanted);
  }
  if (complete && subject === "condition" && ["True", "False", "Unknown"].includes(status)) {
    return each(({ status: known }) =>
      (known?.conditions ?? []).some((condition) => condition.type === wanted && condition.status === status),
    );
  }
  throw new UsageError(
    `--for ${text}: write it as phase=PHASE, condition=TYPE, condition=TYPE=False or delete, e.g. --for phase=Completed.`,
  );
}

/** A phase there is not would be waited for until the timeout, which is never by default. */
function checkPhase(text: string, phase: string): void {
  if (PHASES.includes(phase)) return;
  const near = didYouMean(phase, PHASES);
  const nextStep = near === undefined ? `Use one of ${PHASES.join(", ")}.` : `Did you mean ${near}?`;
  throw new UsageError(`--for ${text}: there is no such phase. ${nextStep}`);
}
