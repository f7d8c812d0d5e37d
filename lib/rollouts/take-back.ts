import { isApiError } from "../kubernetes/errors.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { STATEFUL_SETS } from "../kubernetes/types.ts";
import type { ActionOutcome, Lease, Session } from "../work/reconciler.ts";
import { attempt } from "./attempt.ts";
import { claimOf, claimOwner } from "./claim.ts";
import { standingOf } from "./replica-record.ts";
import { undoAction } from "./replica-undo.ts";
import { undo } from "./scale.ts";
import { RolloutState } from "./state.ts";

/** Pods that do not answer must not keep the claims from being given back, milliseconds. */
const TELLING_MS = 20_000;

/**
 * Tells the pods of a scale-down that will not come, since its resource is gone, its StatefulSet is not selected any more, or its
 * cluster is left, to go on. Once, and for a while only: nobody is left to try again.
 * @throws ApiError or ConnectionError when the StatefulSet cannot be read.
 */
export async function takeBack(
  session: Pick<Session, "client" | "hubId" | "key" | "state" | "now"> & { lease: Pick<Lease, "mayWrite"> },
  reason = "ResourceGone",
): Promise<ActionOutcome[]> {
  const { client, hubId, key, lease } = session;
  const { namespace } = key;
  const { data: state } = RolloutState.safeParse(session.state);
  const record = state?.scaleDown;
  if (record?.endpoint === undefined) return [];
  const { statefulSet: name, endpoint } = record;
  let found: StatefulSet;
  try {
    found = await client.get<StatefulSet>(STATEFUL_SETS, { namespace, name });
  } catch (error) {
    if (isApiError(error, 404)) return [];
    throw error;
  }
  const begunAt = session.now();
  const at = new Date(begunAt).toISOString();
  if (claimOf(found) !== claimOwner(hubId, key) || standingOf(record, [found], at)?.type !== "unfinished") return [];
  const told = { object: `${namespace}/${name}`, reason, at };
  const action = undoAction({ ...record, endpoint }, found, told);
  const options = { namespace, mayWrite: () => lease.mayWrite() && session.now() - begunAt < TELLING_MS };
  const { outcome } = await attempt(action, options, () => undo(client, action, options));
  return [outcome];
}
