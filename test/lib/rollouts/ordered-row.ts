import { zoneApproval } from "../../../lib/rollouts/approval.ts";
import type { Observation } from "../../../lib/rollouts/observation.ts";
import type { Orders } from "../../../lib/rollouts/orders.ts";
import type { RolloutState } from "../../../lib/rollouts/state.ts";
import { at, NOW, underWay } from "./group.ts";
import { claimed } from "./plan-row.ts";

/** Who ordered, and when. */
export const asked = { at: at(-5), by: "anna" };
export const ordered = (orders: Orders, more: Partial<Observation> = {}) => ({ observation: { orders, ...more } });
export const ours = { a: claimed("hub/mimir/ingesters"), b: claimed("hub/mimir/ingesters") };
/** A rollout under way, as it is seen. */
export const halfWay = { pods: { a: "Noo", b: "ooo" }, parts: ours };
/** The same as it is kept. */
export const state = underWay({ a: {}, b: {} }, { token: "rollout.1" });
export const abort = (rollout: string): Orders => ({ abort: { rollout, ...asked } });
export const rollback = (rollout: string): Orders => ({ rollback: { rollout, ...asked } });
/** Going back from `bad`, as a person ordered; `new` is what was there at the start. */
export const back = (changes: Record<string, unknown> = {}): RolloutState => {
  const rollout = { token: "rollout.1", rollback: { pending: [], ordered: { ...asked, generation: 3 } }, ...changes };
  const base = underWay({ a: {}, b: {} }, rollout, { rejected: { "ingester-a": "bad", "ingester-b": "bad" } });
  const members = base.rollout?.members.map((member) => ({ ...member, revision: "new" })) ?? [];
  return { ...base, ...(base.rollout && { rollout: { ...base.rollout, members } }) };
};
export const goingBack = { pods: { a: "Noo", b: "NNN" } };
export const alarm = {
  spec: { gates: [{ alarm: { name: "errors" }, onNoData: "Hold" as const }] },
  gates: {
    askedAt: NOW,
    asked: JSON.stringify([{ alarm: { name: "errors" }, onNoData: "Hold" }]),
    answers: [{ gate: "alarm errors", result: "Closed", reason: "AlarmActive", message: "it is in ALARM" } as const],
  },
};
export const finished = { a: { startedAt: at(-90), finishedAt: at(-20), soakFrom: at(-20) } };
export const approval = zoneApproval({ startedAt: at(-100), zones: finished })?.token ?? "";
/** What is kept of a rollout from `old` to `new` that was completed. */
export const completed = (changes: Partial<NonNullable<RolloutState["last"]>> = {}): RolloutState => {
  const { rollout, ...rest } = state;
  const { members = [], revisions = {}, startedAt = "" } = rollout ?? {};
  const last = { startedAt, finishedAt: at(-50), zones: {}, token: "rollout.1", members, revisions, ...changes };
  return { ...rest, last };
};
/** A rollout that is complete, as it is seen. */
export const done = { pods: { a: "NNN", b: "NNN" }, parts: ours, phase: "Completed" as const };
