import type { Approval } from "./approval.ts";
import type { GateReadings } from "./gates.ts";
import type { StatefulSetView, ZoneView } from "./members.ts";
import type { PodView } from "./pods.ts";
import type { Reason } from "./reason.ts";
import type { Restore } from "./rollback.ts";
import type { RolloutSpec } from "./spec.ts";
import type { CurrentRollout, ZoneTimes } from "./state.ts";

/** A pod that is not of the wanted revision and so could be deleted. */
export interface Candidate {
  zone: ZoneView;
  part: StatefulSetView;
  pod: PodView;
}

export type Phase = "Idle" | "Progressing" | "Held" | "Paused" | "Stalled" | "RollingBack" | "Completed" | "Refused";

/** Why nothing (more) is deleted now. */
export interface Hold {
  phase: Phase;
  reason: Reason;
  message: string;
  /** Whether time without progress counts while this holds. */
  clockRuns: boolean;
  /** Seconds after which it may be over without any event; absent when only an event can end it. */
  wakeInSeconds?: number;
  /** Whether nothing at all may be written to the group, not even its currentRevision. */
  everything?: true;
}

/** All that the safety rules look at. */
export interface SafetyContext {
  spec: RolloutSpec;
  /** The API server's clock, ISO-8601 UTC. */
  now: string;
  /** When the StatefulSets were listed last, by the same clock. */
  statefulSetsReadAt: string;
  /** Our claim: `<hub id>.<cluster>/<namespace>/<name>`. */
  owner: string;
  /** In the order they are worked on. */
  zones: readonly ZoneView[];
  zoneConflicts: readonly string[];
  zoneTimes: Readonly<Record<string, ZoneTimes>>;
  foreignController: string | undefined;
  /** When it was looked for last, by the API server's clock, ISO-8601 UTC; undefined = not yet. */
  controllersSoughtAt: string | undefined;
  lastBatchAt: string | undefined;
  /** StatefulSet whose pods may be prepared for a scale-down and cannot be told now that they stay. */
  prepared: string | undefined;
  /** What a person has to approve before another zone starts; undefined when nothing, or when it was approved. */
  approval: Approval | undefined;
  /** Set when members are not what they were at the start. */
  membersApproval: Approval | undefined;
  /** Templates to be restored before anything else. */
  restores: readonly Restore[];
  /** StatefulSets whose template is again one that was rolled back. */
  rejectedAgain: readonly string[];
  /** What the gates answered last. */
  gates: GateReadings | undefined;
  /** Whether the hub can tell of zonal shifts, and so has to be asked before each batch. */
  asksShifts: boolean;
  /** A person has stopped it in the hub. */
  stop: { type: "paused" | "aborted"; at: string; by: string } | undefined;
  /** The resource's generation. */
  generation: number;
  /** The rollback under way. */
  rollback: CurrentRollout["rollback"];
  stalled: { message: string } | undefined;
}

/**
 * One safety rule: a filter over the batch. It returns what may still be deleted and, when that is less than before
 * and worth telling, why. Gates, zonal shifts, strategies and approvals are further rows of the same shape.
 */
export interface SafetyRule {
  name: string;
  apply(batch: readonly Candidate[], context: SafetyContext): { keep: readonly Candidate[]; hold?: Hold };
}

/** A hold that ends by itself, or when pods move on. */
export const waiting = (reason: Reason, message: string, more: Partial<Hold> = {}): Hold => ({
  phase: "Progressing",
  reason,
  message,
  clockRuns: true,
  ...more,
});

/** For a message: the first few, and how many more. */
export const listed = (items: readonly string[]): string =>
  items.length <= 6 ? items.join(", ") : `${items.slice(0, 6).join(", ")} and ${items.length - 6} more`;

/** Whether the pod is one that its replacement may cure. */
export const isCure = ({ pod }: Candidate): boolean => pod.curable;
