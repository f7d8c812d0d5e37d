import type { Placement } from "../hub/place.ts";
import { otherHomeKey, type SpecRow } from "../hub/resource.ts";
import type { WorkKey } from "../work/keys.ts";
import { scheduleWork } from "../work/post.ts";
import type { Session } from "../work/reconciler.ts";
import type { StateRow } from "../work/store.ts";
import { LeaseLostError } from "../work/verdict.ts";
import { describeCleaningFailure } from "./cleaning-failure.ts";
import { resourceId } from "./discover-plan.ts";
import { keepPreparedPods } from "./keep-prepared-pods.ts";
import type { DiscoveryPorts } from "./ports.ts";

/** A resource that stays for now, and why. */
export interface Pending {
  key: WorkKey;
  cause: string;
}

const HELD = "a worker still holds it";
const NO_TIME = "no time left in this pass";
const SCHEDULED = "it was scheduled again meanwhile";

/** Whether what keeps a resource is over soon. What the cluster refuses waits for the next pass as planned. */
export const isPassing = (cause: string): boolean => [HELD, NO_TIME, SCHEDULED].includes(cause);

/** Lets go of the hub's resources that do not belong here any more. @returns those that stay for now, and why. */
export async function removePlacements(
  ports: DiscoveryPorts,
  session: Session,
  { removing, orphans }: Placement,
): Promise<Pending[]> {
  // At once, so that a cluster that does not answer costs one timeout, not one for each.
  const results = await Promise.all([
    ...removing.map(async (spec) => ({
      key: spec.key,
      cause: await letGo(ports, session, spec.key, spec),
    })),
    ...orphans.map(async (key) => {
      const appliedMeanwhile = (await ports.hub.loadSpec(key)) !== undefined;
      return { key, cause: appliedMeanwhile ? undefined : await letGo(ports, session, key) };
    }),
  ]);
  return results.flatMap(({ key, cause }) => (cause === undefined ? [] : [{ key, cause }]));
}

/**
 * @param spec what goes with it, as it was read.
 * @returns why a gone resource stays for now, or undefined when its claims and rows are gone.
 */
export async function letGo(
  ports: DiscoveryPorts,
  session: Session,
  key: WorkKey,
  spec?: SpecRow,
): Promise<string | undefined> {
  const row = await ports.work.load(key);
  if (row !== undefined && row.leaseUntil > session.now()) return HELD;
  if (!session.lease.mayWrite()) return NO_TIME;
  try {
    // The same name in the other home has the same claims: they are its own from now on, and it may go on.
    const namesake = await ports.work.load(otherHomeKey(key));
    if (namesake === undefined) await giveBack(ports, session, key, await ports.work.loadState(key));
    if (row !== undefined)
      await ports.work.forget(key, row.fence, { ticket: row.ticket, ...(spec && { spec: spec.writtenBy }) });
    else if (spec !== undefined) await ports.hub.removeSpec(spec);
    if (namesake !== undefined) await scheduleWork({ ...ports, store: ports.work }, namesake.key, session.now());
    session.log("info", "Resource is gone; its work is forgotten", { key });
    return undefined;
  } catch (error) {
    if (error instanceof LeaseLostError) return SCHEDULED;
    return describeCleaningFailure(error);
  }
}

/**
 * What the hub's resources left where the registration no longer lets them work goes, once for each registration event. They
 * stay, with what people ordered and what is known of their rollouts: it holds when they are covered again. Their lane tells why
 * nothing is done about them. Only a state can have left anything.
 * @param left those of this registration event that have given back already.
 * @returns `left` as of now, sorted.
 */
export async function leaveUncovered(
  ports: DiscoveryPorts,
  session: Session,
  { uncovered }: Pick<Placement, "uncovered">,
  left: readonly string[],
): Promise<{ pending: Pending[]; left: string[] }> {
  const results = await Promise.all(
    uncovered.map(async (key) => ({
      key,
      result: left.includes(resourceId(key)) ? LEFT : await leave(ports, session, key),
    })),
  );
  return {
    pending: results.flatMap(({ key, result: { cause } }) => (cause === undefined ? [] : [{ key, cause }])),
    left: results.flatMap(({ key, result }) => (result.left ? [resourceId(key)] : [])).sort(),
  };
}

const LEFT = { left: true, cause: undefined };

async function leave(
  ports: DiscoveryPorts,
  session: Session,
  key: WorkKey,
): Promise<{ left: boolean; cause: string | undefined }> {
  const stays = (cause: string | undefined) => ({ left: false, cause });
  const [row, saved] = await Promise.all([ports.work.load(key), ports.work.loadState(key)]);
  if (row !== undefined && row.leaseUntil > session.now()) return stays(HELD);
  if ((saved?.state ?? null) === null) return stays(undefined);
  if (!session.lease.mayWrite()) return stays(NO_TIME);
  try {
    await giveBack(ports, session, key, saved);
    session.log("info", "Resource is not covered any more; what it left is given back", { key });
    return LEFT;
  } catch (error) {
    return stays(describeCleaningFailure(error));
  }
}

/** What a resource has left in the cluster: pods that are prepared for their end, then its claims. */
async function giveBack(
  ports: DiscoveryPorts,
  session: Session,
  key: WorkKey,
  saved: StateRow | undefined,
): Promise<void> {
  const { client, hubId } = session;
  await keepPreparedPods(ports, session, { key, saved });
  const { cluster, namespace, name } = key;
  await ports.releaseClaims(client, hubId, { cluster, resource: { namespace, name } });
}
