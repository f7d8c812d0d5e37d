import { describe, expect, test } from "vitest";
import type { GateReadings } from "../../../lib/rollouts/gates.ts";
import { type Plan, planRollout } from "../../../lib/rollouts/plan.ts";
import { freshState, type RolloutState } from "../../../lib/rollouts/state.ts";
import { type GroupOptions, OWNER, observe, spec } from "./group.ts";

/** One situation and what the planner makes of it. */
export interface Row extends GroupOptions {
  spec?: Parameters<typeof spec>[0];
  state?: RolloutState;
  gates?: GateReadings;
  /** Pods deleted, as `a-0`. */
  deletes?: string[];
  phase: Plan["phase"];
  reason?: string;
  /** A part of the message. */
  says?: string;
}

export function plan(row: Row): Plan {
  const state = row.state ?? freshState("uid-resource");
  return planRollout({ spec: spec(row.spec), observation: observe(row), state, owner: OWNER, gates: row.gates });
}

/** A delete of ours as the state keeps it, e.g. of `a-0`. */
export const deleting = (suffix: string, uid: string) => ({
  statefulSet: `ingester-${suffix.split("-")[0]}`,
  pod: `ingester-${suffix}`,
  uid,
});

export const claimed = (owner: string) => ({ annotations: { "outrigger.dev/rollout": owner } });

/** One test per row, named by its sentence. */
export function testRows(groups: Record<string, Record<string, Row>>): void {
  for (const [group, rows] of Object.entries(groups)) {
    describe(group, () => {
      test.each(Object.entries(rows))("%s", (_sentence, row) => {
        const result = plan(row);
        const deletes = result.actions.flatMap((action) =>
          action.kind === "DeletePod" ? [action.pod.replace("ingester-", "")] : [],
        );
        expect({ deletes, phase: result.phase }).toEqual({ deletes: row.deletes ?? [], phase: row.phase });
        if (row.reason !== undefined) expect(result.reason).toBe(row.reason);
        if (row.says !== undefined) expect(result.message).toContain(row.says);
        expect(plan(row)).toEqual(result);
      });
    });
  }
}
