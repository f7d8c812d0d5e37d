import type { RegistrationList } from "../registry/unreadable.ts";
import { type HubPorts, mapInGroups } from "./fan-out.ts";
import { belongs } from "./plan.ts";
import { Refusal } from "./reply.ts";
import { type FleetRow, hubKey, type ResourceId } from "./resource.ts";
import { type Placed, type PlacementStatus, placementStatuses, type RollUp, rollUp } from "./roll-up.ts";

/** A fleet resource with what became of it. */
export interface FleetView extends Omit<FleetRow, "writtenBy"> {
  rollUp: RollUp;
  /** By cluster name. */
  placements: PlacementStatus[];
}

type FleetPorts = Pick<HubPorts, "hub" | "registry"> & { work: Pick<HubPorts["work"], "loadState"> };

/** The fleet resources of a kind and namespace, or all of them. */
export async function listFleet(
  ports: FleetPorts,
  filter: { kind?: string | undefined; namespace?: string | undefined },
): Promise<FleetView[]> {
  const rows = (await ports.hub.listFleet()).filter(
    ({ kind, namespace }) =>
      (filter.kind === undefined || kind === filter.kind) &&
      (filter.namespace === undefined || namespace === filter.namespace),
  );
  const list = await ports.registry.list();
  const views: FleetView[] = [];
  for (const row of rows) views.push(await viewFleet(ports, row, list));
  return views;
}

/** @throws Refusal when there is none. */
export async function getFleet(ports: FleetPorts, id: ResourceId): Promise<FleetView> {
  const row = await ports.hub.loadFleet(id);
  if (row === undefined)
    throw new Refusal(id, "no selector placed it", "see `outrigger get --fleet`, or name a cluster with --cluster");
  return viewFleet(ports, row, await ports.registry.list());
}

async function viewFleet(
  { hub, work }: FleetPorts,
  { writtenBy: _writtenBy, ...row }: FleetRow,
  { registrations, unreadable }: RegistrationList,
): Promise<FleetView> {
  const held = await hub.listPlaced(row);
  const holders = new Set(held.map(({ cluster }) => cluster));
  const concerned = registrations.filter(
    (registration) => holders.has(registration.name) || belongs({ ...row, writtenBy: "" }, registration),
  );
  const placed = await mapInGroups(concerned, async (registration): Promise<Placed[]> => {
    const { name: cluster, identity } = registration;
    const key = hubKey(row, cluster);
    const [spec, state] = await Promise.all([hub.loadSpec(key), work.loadState(key)]);
    const matches = belongs({ ...row, writtenBy: "" }, registration);
    const byName = spec?.origin === "cluster";
    if (!matches) return byName || spec === undefined ? [] : [{ cluster, place: "leaving" }];
    if (byName) return [{ cluster, place: "conflict" }];
    const mine = spec?.uid === row.uid && state?.identity === identity ? state : undefined;
    if (mine === undefined) return [{ cluster, place: "wanted" }];
    return [{ cluster, place: "wanted", status: mine.status, updatedAt: mine.updatedAt }];
  });
  const ours = new Set(held.filter(({ uid }) => uid === row.uid).map(({ cluster }) => cluster));
  const unread = unreadable.flatMap(({ name: cluster, cause, nextStep }): Placed[] =>
    ours.has(cluster) ? [{ cluster, place: "unreadable", message: `${cause}; ${nextStep}` }] : [],
  );
  const placements = placementStatuses(row.generation, [...placed.flat(), ...unread]);
  return { ...row, rollUp: rollUp(placements), placements };
}
