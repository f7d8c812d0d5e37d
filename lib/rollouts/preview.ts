import type { Preview, PreviewSession, Session } from "../work/reconciler.ts";
import { askGates, askZonalShifts, type GatePorts } from "./ask-gates.ts";
import { claimOwner } from "./claim.ts";
import { observeFailedCreates } from "./failed-creates.ts";
import { gatesToAsk, questionOf } from "./gates.ts";
import { type Homes, homeConflict, openHome } from "./home.ts";
import type { Observation } from "./observation.ts";
import {
  observeForeignController,
  observeNodeZones,
  observePods,
  observeResource,
  observeStatefulSets,
} from "./observe.ts";
import { observeMirrors } from "./observe-replicas.ts";
import { ordersFor } from "./orders.ts";
import { planRollout } from "./plan.ts";
import { describeProblems } from "./problems.ts";
import type { Reason } from "./reason.ts";
import { parseSpec } from "./spec.ts";
import { readState } from "./state.ts";
import { refusedStatus, rolloutStatus } from "./status.ts";
import { observeVolumeZones } from "./volume-zones.ts";

/** What the next step of a rollout would do and why not more, from fresh lists. Nothing is written, no lease is taken. */
export async function previewRollout(
  session: PreviewSession,
  homes: Homes,
  ports: GatePorts,
): Promise<Preview | undefined> {
  const { key, registration, hubId } = session;
  const { namespace, name } = key;
  const { client } = openHome(session as Session, homes);
  const resource = await observeResource(client, { namespace, name });
  if (resource === undefined) return undefined;
  const parsed = parseSpec(resource.spec, namespace);
  const conflict = homeConflict(key, await homes.livesElsewhere(key));
  const refused = (why: { reason: Reason; message: string }): Preview => {
    const { conditions } = refusedStatus(resource, { phase: "Refused", ...why }, new Date(session.now()).toISOString());
    return { actions: [], conditions, phase: "Refused", nextDueInSeconds: 0, zones: [] };
  };
  if (conflict !== undefined) return refused(conflict);
  if (!parsed.ok) return refused({ reason: parsed.reason, message: describeProblems(parsed.problems) });
  const { spec } = parsed;
  const statefulSets = await observeStatefulSets(client, namespace, spec);
  const [pods, foreignController, answers, shifts, mirrors] = await Promise.all([
    observePods(client, namespace, statefulSets.items),
    observeForeignController(client, namespace, registration.namespaces),
    askGates(gatesToAsk(spec), ports, { registration, now: session.now() }),
    askZonalShifts(ports, registration),
    observeMirrors(client, namespace, statefulSets.items),
  ]);
  const zones = await observeNodeZones(client, statefulSets.items, pods.items, spec);
  const state = readState(session.state, resource.metadata.uid ?? "");
  const volumes = await observeVolumeZones(client, {
    now: statefulSets.observedAt,
    namespace,
    statefulSets: statefulSets.items,
    pods: pods.items,
    zoneOfNode: zones.zoneOfNode,
    azOrder: spec.azOrder,
    topologyKey: spec.rollingUpdate.azTopologyKey,
    known: state.volumes,
  });
  const observation: Observation = {
    observedAt: pods.observedAt,
    resource,
    statefulSetsReadAt: statefulSets.observedAt,
    statefulSets: statefulSets.items,
    pods: pods.items,
    ...zones,
    failedCreates: await observeFailedCreates(client, namespace, {
      statefulSets: statefulSets.items,
      pods: pods.items,
    }),
    mirrors,
    foreignController,
    controllersSoughtAt: pods.observedAt,
    orders: ordersFor(session.orders(), state),
    fresh: true,
  };
  const plan = planRollout({
    spec,
    observation,
    state: volumes === undefined ? state : { ...state, volumes },
    owner: claimOwner(hubId, key),
    gates: { askedAt: pods.observedAt, asked: questionOf(spec), answers, shifts },
    asksShifts: ports.zonalShifts !== undefined,
  });
  return {
    actions: plan.actions.map(({ kind, object, reason }) => ({ kind, object, reason })),
    conditions: rolloutStatus(plan, observation).conditions,
    phase: plan.phase,
    nextDueInSeconds: plan.nextDueInSeconds,
    zones: plan.zones.map(({ name: zone, parts, unready }) => ({
      name: zone,
      outdated: parts.reduce((sum, { outdated }) => sum + outdated, 0),
      maxUnavailable: parts.map(({ maxUnavailable }) => maxUnavailable),
      places: parts.map(({ budget }) => Math.max(0, budget)),
      unready,
    })),
  };
}
