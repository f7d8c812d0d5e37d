import { problemsInWords } from "../kubernetes/issue-in-words.ts";
import type { OrderContext, OrderDecision } from "../work/reconciler.ts";
import { rolloutToken } from "./approval.ts";
import { canGoBack, changeOrders, Order, readOrders } from "./orders.ts";
import { RolloutState } from "./state.ts";

/** What people order, as audit rows name it. */
const ACTIONS = {
  pause: "PauseRollout",
  resume: "ResumeRollout",
  approve: "ApproveRollout",
  abort: "AbortRollout",
  rollback: "RollBackRollout",
} as const satisfies Record<Order["type"], string>;

const refused = (cause: string, nextStep: string): OrderDecision => ({ type: "refused", cause, nextStep });
const SEE_STATUS = "See `outrigger rollout status`, and order again what is still wanted.";

/** Whether an order makes sense for what was saved last, and what it changes. The next plan decides what becomes of it. */
export function decideOrder(request: unknown, context: OrderContext): OrderDecision {
  const parsed = Order.safeParse(request);
  if (!parsed.success) {
    const cause = problemsInWords(parsed.error)
      .map((problem) => `order.${problem}`)
      .join("; ");
    return refused(cause, "Send one of those in events/direct-request.json.");
  }
  const order = parsed.data;
  const problem = order.type === "abort" || order.type === "rollback" ? problemOf(order, context) : undefined;
  if (problem !== undefined) return problem;
  const { key } = context;
  return {
    type: "accepted",
    action: { kind: ACTIONS[order.type], object: `${key.namespace}/${key.name}`, reason: "Ordered" },
    change: (orders) => changeOrders(readOrders(orders), order, askedAs(context)),
  };
}

/** Who orders when, and what of the resource was seen last by then. */
function askedAs({ at, by, state, status }: OrderContext): Parameters<typeof changeOrders>[2] {
  const { uid = "" } = RolloutState.safeParse(state).data ?? {};
  const { observedGeneration: seen } = (status ?? {}) as { observedGeneration?: unknown };
  return {
    at,
    ...(by === undefined ? {} : { by }),
    ...(uid === "" ? {} : { uid }),
    ...(typeof seen === "number" && seen > 0 ? { generation: seen } : {}),
  };
}

/** The status may be a step ahead of the state, and the state a step ahead of the status: either may name the rollout. */
function problemOf(
  order: Extract<Order, { rollout: string }>,
  { state, status }: OrderContext,
): OrderDecision | undefined {
  const saved = RolloutState.safeParse(state).data;
  const { rollout, last } = saved ?? {};
  const told = (status ?? {}) as { rollout?: unknown; phase?: unknown };
  // Paused, Held and Refused keep naming the last rollout in the status after it is over.
  const isOver = rollout === undefined && last?.token !== undefined && told.rollout === last.token;
  const underWay = [
    rollout === undefined ? undefined : rolloutToken(rollout),
    isOver || told.phase === "Completed" || told.phase === "Idle" ? undefined : told.rollout,
  ];
  if (underWay.includes(order.rollout)) {
    const revisions = rollout?.revisions ?? {};
    const known = rollout?.members.some(({ name, revision }) => revision !== "" && revision !== revisions[name]);
    if (order.type === "abort" || known !== false) return undefined;
    const cause = "no member has another revision to go back to: their templates are what they were at the start";
    return refused(cause, "Put the template you want into the StatefulSets.");
  }
  if (rollout !== undefined) return refused("that rollout is over, and another one is under way", SEE_STATUS);
  if (order.type === "abort") return refused("no rollout is under way", SEE_STATUS);
  if (order.rollout !== last?.token) return refused("that rollout is not the last one", SEE_STATUS);
  if (canGoBack(last)) return undefined;
  const cause = last.rolledBack === true ? "it was rolled back already" : "what was there before it is not on record";
  return refused(cause, "Put the template you want into the StatefulSets.");
}
