import type { GuardFacts } from "../guards/keep.ts";
import { finishDeletions, placeResources } from "../hub/place.ts";
import { scheduleWork } from "../work/post.ts";
import type { Reconciler, Reconciliation, Session } from "../work/reconciler.ts";
import { STALLED_INTERVAL_SECONDS } from "../work/verdict.ts";
import { runDeregistration } from "./deregister.ts";
import { isPassing, leaveUncovered, letGo, removePlacements } from "./discover-let-go.ts";
import { observeResources } from "./discover-observe.ts";
import { DiscoveryState, type Listing, planDiscovery, resourceId, withRows } from "./discover-plan.ts";
import { deregisteringFindings, discoveryFindings, withTransitions } from "./discover-status.ts";
import { isDiscovery } from "./discovery-key.ts";
import type { DiscoveryPorts } from "./ports.ts";
import type { Registration } from "./registration.ts";

const VERSION_INTERVAL_MS = 300_000;
/** How often what is known is compared with the rows there are. */
const ROWS_INTERVAL_MS = 300_000;
/** A new CRD is served within a second or two. */
const NEW_CRD_RETRY_SECONDS = 2;
const DEREGISTRATION_RETRY_SECONDS = 15;
/** A worker that holds what is to be removed lets go within seconds. */
const REMOVAL_RETRY_SECONDS = 5;

/** A cluster has one discovery pass, named like itself; another name was mistyped, and two would work side by side. */
const NO_SUCH_PASS: Reconciliation = {
  verdict: { type: "stalled", seconds: STALLED_INTERVAL_SECONDS },
  state: null,
  status: { phase: "Gone", conditions: [] },
  actions: [],
};

/**
 * The reconciler of kind `Discovery`: finds the resources that live in a cluster, places the hub's own that belong into it,
 * and hands both to their lanes.
 */
export function createDiscoveryReconciler(ports: DiscoveryPorts): Reconciler {
  return {
    kind: "Discovery",
    lane: "reconcile",
    async reconcile(session) {
      if (!isDiscovery(session.key)) return NO_SUCH_PASS;
      return session.registration.state === "Active" ? discover(ports, session) : finishDeregistration(ports, session);
    },
  };
}

async function discover(ports: DiscoveryPorts, session: Session): Promise<Reconciliation> {
  const { registration, client, key } = session;
  const state = await startingState(ports, session);
  const placed = state.placedFor === registration.eventId ? state.placed : {};
  const placement = await placeResources(ports, registration, placed);
  const removals = await removePlacements(ports, session, placement);
  const known = state.placedFor === registration.eventId ? state.left : [];
  const leaving = await leaveUncovered(ports, session, placement, known);
  const pending = [...removals, ...leaving.pending];
  const removalsLeft = placement.changedMeanwhile > 0 || pending.some(({ cause }) => isPassing(cause));
  await finishDeletions(ports, placement.deleted);
  const install = await installOnce(ports, session, state);
  const observation = await observeResources(client, registration);
  const plan = planDiscovery({ registration, listings: observation.listings, state });
  for (const found of plan.schedule) await scheduleWork({ ...ports, store: ports.work }, found, session.now());
  const resources = { ...plan.state.resources };
  for (const gone of plan.gone) {
    const cause = await letGo(ports, session, gone);
    if (cause === undefined) delete resources[resourceId(gone)];
    else pending.push({ key: gone, cause });
  }
  const guard = await lookAtGuard(ports, session, state, observation.listings);
  const facts = {
    listings: observation.listings,
    pending,
    ...(install.problem === undefined ? {} : { installProblem: install.problem }),
    ...(guard.finding === undefined ? {} : { guard: guard.finding }),
  };
  const { phase, findings } = discoveryFindings(facts, Object.keys(resources).length);
  const conditions = withTransitions(
    findings,
    state.conditions,
    observation.observedAt ?? new Date(session.now()).toISOString(),
  );
  const version = await refreshVersion(ports, session, state);
  const justInstalled =
    install.installedNow &&
    observation.listings.some((listing) => !listing.complete && listing.reason === "CustomResourceMissing");
  if (plan.schedule.length > 0)
    session.log("info", "Resources found", { cluster: key.cluster, resources: plan.schedule.map(resourceId) });
  return {
    verdict: justInstalled
      ? { type: "requeueAfter", seconds: NEW_CRD_RETRY_SECONDS }
      : removalsLeft
        ? { type: "requeueAfter", seconds: REMOVAL_RETRY_SECONDS }
        : { type: "settled", seconds: registration.discoverIntervalSeconds },
    state: {
      ...plan.state,
      ...version,
      ...(guard.memory === undefined ? {} : { guard: guard.memory }),
      ...(install.installedFor === undefined ? {} : { installedFor: install.installedFor }),
      resources,
      placed: placement.scheduled,
      placedFor: registration.eventId,
      left: leaving.left,
      conditions,
    },
    status: { phase, conditions, resources: Object.keys(resources).length },
    actions: guard.outcome === undefined ? [] : [guard.outcome],
  };
}

/** A cluster that did not answer, or does not let us in, is not asked again in the same pass. */
async function lookAtGuard(
  ports: DiscoveryPorts,
  session: Session,
  state: DiscoveryState,
  listings: readonly Listing[],
): Promise<GuardFacts> {
  const { registration, client, hubId } = session;
  const { guard: memory, conditions } = state;
  const { name: cluster, namespaces, capabilities, discoverIntervalSeconds } = registration;
  const closed = listings.some((one) => !one.complete && ["Unreachable", "Unauthorized"].includes(one.reason));
  if (closed) {
    const finding = conditions.find(({ type }) => type === "Guarded");
    return { ...(memory === undefined ? {} : { memory }), ...(finding === undefined ? {} : { finding }) };
  }
  const scope = { hubId, cluster, namespaces, followsInSeconds: discoverIntervalSeconds };
  const wanted = capabilities.includes("rollouts");
  const facts = await ports.keepGuard(client, scope, {
    wanted,
    memory,
    nowMs: session.now(),
    mayWrite: () => session.lease.mayWrite(),
    intend: (action, guard) => session.pencil({ actions: [action], state: { ...state, guard } }),
  });
  const { definition } = facts.memory ?? {};
  if (definition !== memory?.definition)
    session.log("info", "Guard changed", { cluster, definition: definition ?? "none" });
  return facts;
}

/**
 * The state of the last pass; on the first one of a registration, and every few minutes, brought to what the rows say. So
 * rows that an earlier registration or `outrigger reconcile` left are let go like anything else that is gone.
 */
async function startingState({ work }: DiscoveryPorts, session: Session): Promise<DiscoveryState> {
  const { key } = session;
  const state = DiscoveryState.safeParse(session.state).data ?? DiscoveryState.parse({});
  const now = session.now();
  if (state.rowsReadAt !== undefined && now - Date.parse(state.rowsReadAt) < ROWS_INTERVAL_MS) return state;
  const rows = (await work.listCluster(key.cluster)).map(({ row }) => row.key).filter(({ kind }) => kind !== key.kind);
  return withRows(state, rows, new Date(now).toISOString());
}

/** Custom resources are installed once for each registration event: a CRD deleted by hand later is not brought back. */
async function installOnce(
  ports: DiscoveryPorts,
  { registration, client }: Session,
  state: DiscoveryState,
): Promise<{ installedNow: boolean; installedFor?: string; problem?: string }> {
  const { installCustomResources, eventId } = registration;
  if (!installCustomResources || state.installedFor === eventId) return { installedNow: false };
  try {
    await ports.installCustomResources(client, registration);
    return { installedNow: true, installedFor: eventId };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return {
      installedNow: false,
      problem: `custom resources of cluster ${registration.name} could not be installed: ${cause}; bind outrigger:install to the group outrigger, or apply them by hand`,
    };
  }
}

/** Keeps `registration.version` true; a probe has no request to spare for it. */
async function refreshVersion(
  ports: DiscoveryPorts,
  session: Session,
  state: DiscoveryState,
): Promise<{ versionReadAt?: string }> {
  const { registration, client } = session;
  const { versionReadAt } = registration.version === undefined ? {} : state;
  if (versionReadAt !== undefined && session.now() - Date.parse(versionReadAt) < VERSION_INTERVAL_MS)
    return { versionReadAt };
  try {
    const version = parseVersion((await client.raw("GET", "/version")).body);
    if (version !== undefined && version !== registration.version) {
      const next: Registration = { ...registration, version };
      await ports.registry.save(next, registration);
    }
    return { versionReadAt: new Date(session.now()).toISOString() };
  } catch (error) {
    session.log("debug", "Version not read", { cause: error instanceof Error ? error.message : String(error) });
    return {};
  }
}

/** `gitVersion` of a `/version` answer, e.g. `v1.35.4-eks-1`. */
export function parseVersion(body: string): string | undefined {
  try {
    const { gitVersion } = JSON.parse(body) as { gitVersion?: unknown };
    return typeof gitVersion === "string" ? gitVersion : undefined;
  } catch {
    return undefined;
  }
}

async function finishDeregistration(ports: DiscoveryPorts, session: Session): Promise<Reconciliation> {
  const { registration, client, hubId } = session;
  const result = await runDeregistration({ ...ports, connect: async () => client, hubId }, registration, {
    force: false,
    holdsDiscovery: true,
  });
  const message = result.done ? `cluster ${registration.name} is deregistered` : result.message;
  const state = DiscoveryState.safeParse(session.state).data ?? DiscoveryState.parse({});
  const now = new Date(session.now()).toISOString();
  const conditions = withTransitions(deregisteringFindings(message), state.conditions, now);
  return {
    verdict: { type: "requeueAfter", seconds: DEREGISTRATION_RETRY_SECONDS },
    // A registration that comes now starts with no memory of rows that are forgotten.
    state: result.done ? null : { ...state, conditions },
    status: { phase: "Deregistering", conditions },
    actions: [],
  };
}
