import * as z from "zod";
import { rolloutToken } from "./approval.ts";
import type { CurrentRollout, LastRollout, RolloutState } from "./state.ts";

/** How many approvals are kept: a rollout asks for one at a time. */
const MOST_APPROVALS = 20;

/**
 * When it was ordered (ISO-8601 UTC, the hub's clock), by whom by their own account, and the UID of the resource that was seen
 * last by then; absent in orders of an earlier version, and before the first pass.
 */
const Asked = { at: z.string(), by: z.string().optional(), uid: z.string().optional() };
const OfRollout = z.object({ rollout: z.string().describe("status.rollout of the one that is meant"), ...Asked });

/**
 * What people have ordered in the hub, kept on the resource's row. It says what is wanted; what became of it is in the
 * state. An abort and a rollback name their rollout, so that one that comes late does nothing to the next.
 */
const Orders = z.object({
  paused: z.object(Asked).optional(),
  /** Tokens of what was approved, the newest last. */
  approved: z.array(z.string()).optional(),
  abort: OfRollout.optional(),
  /** `generation`: the resource's that was seen last by then; absent when none was, and in orders of an earlier version. */
  rollback: OfRollout.extend({ generation: z.number().optional() }).optional(),
});
export type Orders = z.infer<typeof Orders>;

/** What a person may order. */
export const Order = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("pause") }),
  z.strictObject({ type: z.literal("resume") }),
  z.strictObject({ type: z.literal("approve"), token: z.string().min(1).max(253) }),
  z.strictObject({ type: z.literal("abort"), rollout: z.string().min(1).max(253) }),
  z.strictObject({ type: z.literal("rollback"), rollout: z.string().min(1).max(253) }),
]);
export type Order = z.infer<typeof Order>;

/** Reads what a row carries; nothing was ordered where nothing can be read. */
export function readOrders(saved: unknown): Orders {
  return Orders.safeParse(saved ?? {}).data ?? {};
}

/**
 * The orders without those about a resource of this name that was deleted since. A pause that came after that one was seen last
 * may be about the one there is now, and holds it. Approvals stay: their tokens are good for one question.
 * @param state of the resource there is now.
 */
export function ordersFor(saved: unknown, { uid, former }: Pick<RolloutState, "uid" | "former">): Orders {
  const { paused, abort, rollback, ...others } = readOrders(saved);
  const isMeant = (order: { uid?: string | undefined }): boolean => (order.uid ?? uid) === uid;
  const isPaused = paused !== undefined && (isMeant(paused) || paused.uid === former?.uid);
  return {
    ...others,
    ...(isPaused && paused.at !== former?.pausedAt ? { paused } : {}),
    ...(abort && isMeant(abort) ? { abort } : {}),
    ...(rollback && isMeant(rollback) ? { rollback } : {}),
  };
}

/**
 * The state with the pause under which its resource was there: it is about none of this name that comes later.
 * @param orders read before the resource was.
 */
export function rememberPause({ pausedAt: _pausedAt, ...state }: RolloutState, { paused }: Orders): RolloutState {
  return paused === undefined ? state : { ...state, pausedAt: paused.at };
}

/**
 * The orders after one more. A pause or an abort holds until `resume`; a rollback lifts both, because whoever orders it
 * wants something done now, and a pause ordered afterwards stops it again.
 */
export function changeOrders(
  orders: Orders,
  order: Order,
  { generation, ...asked }: { at: string; by?: string; uid?: string; generation?: number },
): Orders {
  const { paused: _paused, abort: _abort, ...others } = orders;
  switch (order.type) {
    case "pause":
      return { ...orders, paused: asked };
    case "resume":
      return others;
    case "approve": {
      const earlier = (orders.approved ?? []).filter((token) => token !== order.token);
      return { ...orders, approved: [...earlier, order.token].slice(-MOST_APPROVALS) };
    }
    case "abort":
      return { ...orders, abort: { rollout: order.rollout, ...asked } };
    case "rollback":
      return {
        ...others,
        rollback: { rollout: order.rollout, ...asked, ...(generation === undefined ? {} : { generation }) },
      };
  }
}

/** What holds a rollout because a person said so; undefined when nothing does. */
export function stopOf(
  { paused, abort }: Orders,
  rollout: CurrentRollout | undefined,
): { type: "paused" | "aborted"; at: string; by: string } | undefined {
  if (paused !== undefined) return { type: "paused", at: paused.at, by: nameOf(paused) };
  if (abort === undefined || rollout === undefined || abort.rollout !== rolloutToken(rollout)) return undefined;
  return { type: "aborted", at: abort.at, by: nameOf(abort) };
}

/** The order to roll this rollout back; undefined when there is none, or it means another one. */
export function rollbackOrder({ rollback }: Orders, rollout: CurrentRollout): Orders["rollback"] {
  return rollback?.rollout === rolloutToken(rollout) ? rollback : undefined;
}

/** Whether the rollout that was completed last is to be rolled back, and what it went away from is still known. */
export function isOrderedBack({ rollback }: Orders, last: LastRollout | undefined): boolean {
  return rollback !== undefined && rollback.rollout === last?.token && canGoBack(last);
}

/** Whether a completed rollout can still be rolled back: it was none itself, and its start is on record. */
export function canGoBack({ rolledBack, members = [], revisions = {} }: LastRollout): boolean {
  return rolledBack !== true && members.some(({ name, revision }) => revision !== "" && revision !== revisions[name]);
}

/** Who ordered it, as people read it. */
export const nameOf = ({ by }: { by?: string | undefined }): string => by ?? "somebody";
