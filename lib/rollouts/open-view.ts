import type { ListResult } from "../kubernetes/client.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { MULTI_AZ_ROLLOUTS } from "../kubernetes/types.ts";
import type { Session } from "../work/reconciler.ts";
import { observeFailedCreates } from "./failed-creates.ts";
import type { MultiAZRollout, Observation } from "./observation.ts";
import { observeForeignController, observeNodeZones, observePods, observeStatefulSets } from "./observe.ts";
import type { Run } from "./run.ts";
import { CONTROLLERS_SECONDS } from "./safety-controllers.ts";
import { parseSpec, type RolloutSpec } from "./spec.ts";
import type { RolloutState } from "./state.ts";
import type { RolloutStatus } from "./status.ts";
import { plusMs, secondsBetween } from "./time.ts";
import { observeVolumeZones, type VolumeQuestion } from "./volume-zones.ts";
import { ClusterView, type Seed } from "./watch.ts";

/** Pods that are missing for this long without progress are asked about, seconds. */
const STUCK_SECONDS = 5;

/** How a zone tells that a pod of it is missing. */
const MISSING = / pods (missing|exist)$|: deleted and not back yet$/;

/** What of a spec decides what is listed, as text. */
export const listsOf = (spec: RolloutSpec): string =>
  JSON.stringify([spec.statefulSetSelector, spec.rollingUpdate.azTopologyKey, spec.azOrder]);

/**
 * Fresh lists of everything, and watches from there.
 * @param listed the StatefulSets of `run.spec`, when they were listed a moment ago.
 * @returns undefined when the resource is gone, another one, or refused.
 */
export async function openView(run: Run, listed?: ListResult<StatefulSet>): Promise<ClusterView | undefined> {
  const { session } = run;
  const { client, key, registration } = session;
  const { namespace, name } = key;
  const resource: ListResult<MultiAZRollout> = await client.list(MULTI_AZ_ROLLOUTS, {
    namespace,
    fieldSelector: `metadata.name=${name}`,
  });
  const [found] = resource.items;
  const parsed = parseSpec(found?.spec, namespace);
  if (found === undefined || found.metadata.uid !== run.state.uid || !parsed.ok) return undefined;
  const sameLists = listsOf(parsed.spec) === listsOf(run.spec);
  run.resource = found;
  run.spec = parsed.spec;
  const statefulSets =
    listed !== undefined && sameLists ? listed : await observeStatefulSets(client, namespace, run.spec);
  const { foreign } = run.state;
  const known = foreign !== undefined && foreign.found === undefined;
  const asked = known && secondsBetween(foreign.checkedAt, statefulSets.observedAt) < CONTROLLERS_SECONDS;
  const readPods = async (): Promise<Pick<Seed, "pods" | "podsAskedMs" | "podsReadMs">> => {
    const podsAskedMs = session.now();
    const pods = await observePods(client, namespace, statefulSets.items);
    return { pods, podsAskedMs, podsReadMs: session.now() };
  };
  const [{ pods, ...read }, foreignController] = await Promise.all([
    readPods(),
    asked ? undefined : observeForeignController(client, namespace, registration.namespaces),
  ]);
  if (!asked) run.state = { ...run.state, foreign: foreignCheck(statefulSets.observedAt, foreignController) };
  const zones = await observeNodeZones(client, statefulSets.items, pods.items, run.spec);
  await askVolumes(run, { now: statefulSets.observedAt, statefulSets: statefulSets.items, pods: pods.items, ...zones });
  const stuck = (run.state.rollout?.clock.stuckSeconds ?? 0) >= STUCK_SECONDS;
  const all = { statefulSets: statefulSets.items, pods: pods.items };
  const failedCreates = stuck || missedPods(found) ? await observeFailedCreates(client, namespace, all) : undefined;
  const controllersSoughtAt = run.state.foreign?.checkedAt;
  const lists = { resource, statefulSets, pods, ...read, ...zones };
  const seed: Seed = { ...lists, failedCreates, foreignController, controllersSoughtAt };
  const view = new ClusterView(seed, session);
  if (session.trigger === "message") {
    view.watch(client, key, run.spec);
    view.ask(() => haveOrdersChanged(session));
  }
  return view;
}

/**
 * Whether pods were missing when the status was written last. No clock runs while pods are missing in several zones; whoever
 * opens a view at the next pass asks all the same.
 */
const missedPods = ({ status }: MultiAZRollout): boolean =>
  ((status as Partial<RolloutStatus> | undefined)?.zones ?? []).some(
    ({ pods = "", unready = [] }) => pods.includes(".") || unready.some((why) => MISSING.test(why)),
  );

/** Whether people have ordered something since the row was read last. */
async function haveOrdersChanged(session: Session): Promise<boolean> {
  const before = JSON.stringify(session.orders());
  await session.interruption();
  return JSON.stringify(session.orders()) !== before;
}

async function askVolumes(
  run: Run,
  seen: Pick<VolumeQuestion, "now" | "statefulSets" | "pods" | "zoneOfNode">,
): Promise<void> {
  const { client, key } = run.session;
  const { azOrder, rollingUpdate } = run.spec;
  const wanted = { azOrder, topologyKey: rollingUpdate.azTopologyKey };
  const before = run.state.volumes;
  const volumes = await observeVolumeZones(client, { ...seen, ...wanted, namespace: key.namespace, known: before });
  if (volumes === undefined || volumes === before) return;
  run.state = { ...run.state, volumes };
  if (volumes.refused !== undefined && before?.refused === undefined) {
    run.session.log("warn", volumes.refused.message, { reason: volumes.refused.reason });
  }
}

/** Looks for other controllers while a view is open. */
export async function lookForControllers(run: Run, view: ClusterView, { observedAt }: Observation): Promise<void> {
  const { session } = run;
  const { client, key, registration } = session;
  const begunAt = session.now();
  const found = await observeForeignController(client, key.namespace, registration.namespaces);
  // The clock of a view starts with a whole second of the API server's: it may lie before what an earlier view has saved.
  const finished = Object.values(run.state.rollout?.zones ?? {}).flatMap(({ finishedAt }) => finishedAt ?? []);
  const soughtAt = [plusMs(observedAt, session.now() - begunAt), ...finished].sort().at(-1) ?? observedAt;
  run.state = { ...run.state, foreign: foreignCheck(soughtAt, found) };
  view.acceptControllers(found, soughtAt);
}

function foreignCheck(checkedAt: string, found: string | undefined): NonNullable<RolloutState["foreign"]> {
  return found === undefined ? { checkedAt } : { checkedAt, found };
}
