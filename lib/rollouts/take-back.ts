import { isApiError } from "../kubernetes/errors.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { STATEFUL_SETS } from "../kubernetes/types.ts";
import type { ActionOutcome, Lease, Session } from "../work/reconciler.ts";
import { attempt } from "./attempt.ts";
import { claimOf, claimOwner } from "./claim.ts";
import { cancelDelayed } from "./delayed-calls.ts";
import { cancelAction } from "./delayed-cancel.ts";
import { preparedPods, standingOf } from "./replica-record.ts";
import { undoAction } from "./replica-undo.ts";
import { undo } from "./scale.ts";
import { RolloutState } from "./state.ts";

/** Pods that do not answer must not keep the claims from being given back, milliseconds. */
const TELLING_MS = 20_000;

/**
 * Tells the pods of a scale-down that will not come, since its resource is gone, its StatefulSet is not selected any more, or its
 * cluster is left, to go on; those that wait for a delayed one as well. Once, and for a while only: nobody is left to try again.
 * @param of the StatefulSets this is about; absent = all.
 * @throws ApiError or ConnectionError when a StatefulSet cannot be read.
 */
export async function takeBack(
  session: Pick<Session, "client" | "hubId" | "key" | "state" | "now"> & { lease: Pick<Lease, "mayWrite"> },
  reason = "ResourceGone",
  of?: readonly string[],
): Promise<ActionOutcome[]> {
  const { client, hubId, key, lease } = session;
  const { namespace } = key;
  const { data: state } = RolloutState.safeParse(session.state);
  const { scaleDown, delayed = {} } = state ?? {};
  const names = [...new Set([...(scaleDown?.endpoint ? [scaleDown.statefulSet] : []), ...Object.keys(delayed)])];
  const begunAt = session.now();
  const at = new Date(begunAt).toISOString();
  const options = { namespace, mayWrite: () => lease.mayWrite() && session.now() - begunAt < TELLING_MS };
  const outcomes: ActionOutcome[] = [];
  for (const name of names.filter((each) => of?.includes(each) ?? true)) {
    const found = await find(client, namespace, name);
    if (found === undefined || claimOf(found) !== claimOwner(hubId, key)) continue;
    const told = { object: `${namespace}/${name}`, reason, at };
    if (scaleDown?.endpoint !== undefined && standingOf(scaleDown, [found], at)?.type === "unfinished") {
      const action = undoAction({ ...scaleDown, endpoint: scaleDown.endpoint }, found, told);
      const { outcome } = await attempt(action, options, () => undo(client, action, options));
      outcomes.push(outcome);
    }
    const waiting = delayed[name];
    if (waiting === undefined || waiting.uid !== found.metadata.uid) continue;
    const pods = preparedPods({ pods: waiting.prepared }, found);
    if (pods.length === 0) continue;
    const action = cancelAction(waiting, pods, { ...told, statefulSet: name });
    const { outcome } = await attempt(action, options, () => cancelDelayed(client, action, options));
    outcomes.push(outcome);
  }
  return outcomes;
}

async function find(client: Session["client"], namespace: string, name: string): Promise<StatefulSet | undefined> {
  try {
    return await client.get<StatefulSet>(STATEFUL_SETS, { namespace, name });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
