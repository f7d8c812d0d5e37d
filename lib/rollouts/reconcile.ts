import type { Reconciler, Reconciliation, Session } from "../work/reconciler.ts";
import type { Verdict } from "../work/verdict.ts";
import { toAdopt } from "./adoption.ts";
import type { GatePorts } from "./ask-gates.ts";
import { claimOwner, servedByAnotherHub } from "./claim.ts";
import { releaseClaim, releaseClaims } from "./claims.ts";
import { type ClusterTrouble, describeTrouble, isTrouble } from "./cluster-trouble.ts";
import { decideOrder } from "./decide-order.ts";
import { type Homes, homeConflict, NO_HUB_HOME, openHome } from "./home.ts";
import { needsPods } from "./members.ts";
import type { MultiAZRollout } from "./observation.ts";
import { observeResource, observeStatefulSets } from "./observe.ts";
import { observeMirrors } from "./observe-replicas.ts";
import { isOrderedBack, ordersFor, rememberPause } from "./orders.ts";
import { planRollout } from "./plan.ts";
import { previewRollout } from "./preview.ts";
import { describeProblems } from "./problems.ts";
import type { Reason } from "./reason.ts";
import { rollZones } from "./roll.ts";
import type { Run } from "./run.ts";
import { parseSpec } from "./spec.ts";
import { RolloutState, readState } from "./state.ts";
import { refusedStatus, rolloutStatus } from "./status.ts";
import { StatusWriter } from "./status-writer.ts";
import { takeBack } from "./take-back.ts";

/** A refused spec is looked at again this often, seconds; correcting it posts work at once. */
const REFUSED_SECONDS = 60;
/** A cluster that does not answer is tried again after this, seconds. */
const TROUBLE_SECONDS = 15;

/** The reconciler of MultiAZRollout resources, in whichever home they live. A gate without its port holds its rollout. */
export function createRolloutReconciler(homes: Homes = NO_HUB_HOME, ports: GatePorts = {}): Reconciler {
  return {
    kind: "MultiAZRollout",
    lane: "rollout",
    preview: (session) => previewRollout(session, homes, ports),
    decideOrder,
    async reconcile(session) {
      const startedAt = session.now();
      session.count("rollout_operator_group_reconciles_total", 1);
      let failed = true;
      try {
        const result = await reconcileRollout(openHome(session, homes), homes, ports);
        failed = isTrouble(result.status.conditions[0]?.reason);
        return result;
      } finally {
        const endedAt = session.now();
        if (failed) session.count("rollout_operator_group_reconciles_failed_total", 1);
        else session.count("rollout_operator_last_successful_group_reconcile_timestamp_seconds", endedAt / 1000);
        session.count("rollout_operator_group_reconcile_duration_seconds", (endedAt - startedAt) / 1000);
      }
    },
  };
}

async function reconcileRollout(session: Session, homes: Homes, ports: GatePorts): Promise<Reconciliation> {
  const { key } = session;
  let resource: MultiAZRollout | undefined;
  try {
    resource = await observeResource(session.client, { namespace: key.namespace, name: key.name });
    const elsewhere = await homes.livesElsewhere(key);
    return resource === undefined
      ? await giveUp(session, elsewhere)
      : await reconcileResource(session, resource, elsewhere, ports);
  } catch (error) {
    const trouble = describeTrouble(error);
    if (trouble === undefined) throw error;
    return troubled(session, resource, trouble);
  }
}

async function reconcileResource(
  session: Session,
  resource: MultiAZRollout,
  elsewhere: boolean,
  ports: GatePorts,
): Promise<Reconciliation> {
  const { key, client, hubId } = session;
  const owner = claimOwner(hubId, key);
  const parsed = parseSpec(resource.spec, key.namespace);
  const known = readState(session.state, resource.metadata.uid ?? "");
  const orders = ordersFor(session.orders(), known);
  const state = rememberPause(known, orders);
  const writer = new StatusWriter(session, resource);
  const conflict = homeConflict(key, elsewhere);
  if (conflict !== undefined) return refuse({ session, resource, state, writer }, conflict);
  if (!parsed.ok) {
    const why = { reason: parsed.reason, message: describeProblems(parsed.problems) };
    return refuse({ session, resource, state, writer }, why);
  }
  const listed = await observeStatefulSets(client, key.namespace, parsed.spec);
  const run: Run = {
    session,
    owner,
    resource,
    spec: parsed.spec,
    state,
    writer,
    outcomes: [],
    announced: state.announced,
    ports,
  };
  await releaseFormerMembers(
    run,
    listed.items.map(({ metadata }) => metadata.name),
  );
  const adopts = toAdopt(listed.items, run.spec).length > 0;
  const goesOn = run.state.rollout !== undefined || isOrderedBack(orders, run.state.last);
  if (goesOn || adopts || needsPods(listed.items)) return rollZones(run, listed);
  const observation = {
    observedAt: listed.observedAt,
    resource,
    statefulSetsReadAt: listed.observedAt,
    statefulSets: listed.items,
    pods: undefined,
    nodeZones: {},
    mirrors: await observeMirrors(client, key.namespace, listed.items),
    foreignController: undefined,
    controllersSoughtAt: undefined,
    orders,
    fresh: true,
  };
  const plan = planRollout({ spec: run.spec, observation, state: run.state, owner });
  if (plan.scaling.needsView || plan.actions.some(({ kind }) => kind === "ReleaseClaim")) return rollZones(run);
  const status = rolloutStatus(plan, observation);
  writer.leaveToOthers(servedByAnotherHub(listed.items, owner));
  writer.offer(status);
  await writer.flush();
  const verdict: Verdict = { type: "settled", seconds: plan.nextDueInSeconds };
  return {
    verdict,
    state: { ...plan.nextState, announced: { ...run.announced, phase: plan.phase } },
    status: writer.kept(status),
    actions: [],
  };
}

/** Nothing is done about the resource until people change something. */
async function refuse(
  { session, resource, state, writer }: Pick<Run, "session" | "resource" | "state" | "writer">,
  why: { reason: Reason; message: string },
): Promise<Reconciliation> {
  const status = refusedStatus(resource, { phase: "Refused", ...why }, new Date(session.now()).toISOString(), state);
  writer.offer(status);
  await writer.flush();
  return { verdict: { type: "stalled", seconds: REFUSED_SECONDS }, state, status: writer.kept(status), actions: [] };
}

/** StatefulSets that are no longer selected are given back once no rollout is under way; pods that were prepared there go on. */
async function releaseFormerMembers(run: Run, selected: readonly string[]): Promise<void> {
  const { session, owner, state } = run;
  const former = state.claimed.filter((name) => !selected.includes(name));
  if (state.rollout !== undefined || former.length === 0) return;
  run.outcomes.push(...(await takeBack(session, "NotSelected", former)));
  for (const name of former) await releaseClaim(session.client, { namespace: session.key.namespace, name }, owner);
  run.state = { ...state, claimed: state.claimed.filter((name) => selected.includes(name)) };
}

/** The resource is gone: pods it had prepared go on, and what it claimed is given back, unless it is the claim of its namesake in the other home. */
async function giveUp(session: Session, elsewhere: boolean): Promise<Reconciliation> {
  const { key, hubId, client } = session;
  const undone = elsewhere ? [] : await takeBack(session);
  const released = elsewhere ? [] : await releaseClaims(client, hubId, { cluster: key.cluster, resource: key });
  return {
    verdict: { type: "settled", seconds: REFUSED_SECONDS },
    state: null,
    status: { phase: "Gone", conditions: [] },
    actions: [
      ...undone,
      ...released.map((object) => ({ kind: "ReleaseClaim", object, reason: "ResourceGone", result: "done" as const })),
    ],
  };
}

async function troubled(
  session: Session,
  resource: MultiAZRollout | undefined,
  trouble: ClusterTrouble,
): Promise<Reconciliation> {
  const { namespace, name } = session.key;
  const known = resource ?? { metadata: { name, namespace } };
  const { data: saved } = RolloutState.safeParse(session.state);
  const state = resource === undefined || resource.metadata.uid === saved?.uid ? saved : undefined;
  const status = refusedStatus(known, { phase: "Held", ...trouble }, new Date(session.now()).toISOString(), state);
  session.log("warn", trouble.message, { reason: trouble.reason });
  if (resource !== undefined) {
    const writer = new StatusWriter(session, resource);
    writer.offer(status);
    await writer.flush();
  }
  return { verdict: { type: "requeueAfter", seconds: TROUBLE_SECONDS }, state: session.state, status, actions: [] };
}
