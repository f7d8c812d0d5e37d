import type { GuardFinding } from "../guards/status.ts";
import type { Condition } from "../kubernetes/objects.ts";
import type { WorkKey } from "../work/keys.ts";
import { type DiscoveryState, type Listing, resourceId } from "./discover-plan.ts";

/** What a pass came to, for people. */
export interface DiscoveryFacts {
  listings: readonly Listing[];
  /** Gone resources that could not be let go, with the cause. */
  pending: readonly { key: WorkKey; cause: string }[];
  /** Why custom resources are not installed; absent when they are, or need not be. */
  installProblem?: string;
  /** About the admission guard; absent where there is nothing to guard. */
  guard?: GuardFinding;
}

export type DiscoveryPhase = "Discovered" | "Held" | "Deregistering";

type Finding = Omit<Condition, "lastTransitionTime">;

/** @returns the conditions with `lastTransitionTime` kept where the status did not change. */
export function withTransitions(
  findings: readonly Finding[],
  previous: DiscoveryState["conditions"],
  now: string,
): DiscoveryState["conditions"] {
  return findings.map(({ type, status, reason, message }) => {
    const before = previous.find((condition) => condition.type === type);
    return {
      type,
      status,
      reason,
      message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
    };
  });
}

/** The conditions of a discovery pass: `Ready`, and the two that say what it is waiting for. Pure. */
export function discoveryFindings(
  facts: DiscoveryFacts,
  resources: number,
): { phase: DiscoveryPhase; findings: Finding[] } {
  const held = facts.listings.filter((listing) => !listing.complete);
  const first = held[0];
  const ready: Finding =
    first === undefined
      ? { type: "Ready", status: "True", reason: "Discovered", message: `${resources} resources found` }
      : {
          type: "Ready",
          status: "False",
          reason: first.reason,
          message: `${held.map((listing) => listing.message).join("; ")}. Everything known before is held as it is.`,
        };
  const installed: Finding =
    facts.installProblem === undefined
      ? { type: "CustomResourcesInstalled", status: "True", reason: "Installed", message: "" }
      : { type: "CustomResourcesInstalled", status: "False", reason: "InstallFailed", message: facts.installProblem };
  const cleaned: Finding =
    facts.pending.length === 0
      ? { type: "CleanedUp", status: "True", reason: "NothingPending", message: "" }
      : {
          type: "CleanedUp",
          status: "False",
          reason: "ReleasePending",
          message: `${facts.pending.map(({ key, cause }) => `${resourceId(key)}: ${cause}`).join("; ")}; tried again with the next pass`,
        };
  return {
    phase: first === undefined ? "Discovered" : "Held",
    findings: [ready, installed, cleaned, ...(facts.guard === undefined ? [] : [facts.guard])],
  };
}

/** The status of a cluster on its way out. */
export function deregisteringFindings(message: string): Finding[] {
  return [{ type: "Ready", status: "False", reason: "Deregistering", message }];
}
