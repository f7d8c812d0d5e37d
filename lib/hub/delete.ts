import { didYouMean } from "../registry/problems.ts";
import { activeCluster } from "./apply.ts";
import { type ClusterChange, changesOf, type HubPorts, tellClusters } from "./fan-out.ts";
import { Refusal } from "./reply.ts";
import type { DeleteRequest } from "./requests.ts";
import { hubKey, type ResourceId } from "./resource.ts";

/** What a delete did, or would do. */
export interface Deleted extends ResourceId {
  /** `deleting`: it goes when the clusters have given back what they hold of it. */
  change: "deleting" | "deleted";
  clusters: ClusterChange[];
}

const MAX_ATTEMPTS = 5;

/**
 * Marks a resource of the hub to be deleted, and tells the clusters that have it.
 * @throws Refusal when there is none, or another command is the right one.
 */
export async function deleteResource(ports: HubPorts, request: DeleteRequest): Promise<Deleted> {
  const { id, cluster, dryRun } = request;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const deleted =
      cluster === undefined
        ? await deleteFromFleet(ports, id, dryRun)
        : await deleteFromCluster(ports, id, cluster, dryRun);
    if (deleted !== undefined) return deleted;
  }
  throw new Refusal(id, `others wrote it ${MAX_ATTEMPTS} times in a row`, "delete it again");
}

/** @returns undefined when somebody else wrote meanwhile. */
async function deleteFromFleet(ports: HubPorts, id: ResourceId, dryRun: boolean): Promise<Deleted | undefined> {
  const { hub } = ports;
  const asRead = await hub.loadFleet(id);
  if (asRead === undefined) throw await unknown(ports, id);
  const at = new Date(ports.clock.now()).toISOString();
  const next = asRead.deleting ? asRead : { ...asRead, deleting: true, writtenBy: ports.newId(), at };
  const { registrations } = await ports.registry.list();
  const clusters = await changesOf(ports, next, registrations);
  const placed = (await hub.listPlaced(id)).filter(({ uid }) => uid === asRead.uid).map(({ cluster }) => cluster);
  const change = placed.length === 0 ? ("deleted" as const) : ("deleting" as const);
  if (dryRun) return { ...id, change, clusters };
  if (next !== asRead && !(await hub.saveFleet(next, asRead))) return undefined;
  if (change === "deleted") await hub.removeFleet(next);
  await tellClusters(ports, placed);
  return { ...id, change, clusters };
}

async function unknown({ hub }: HubPorts, id: ResourceId): Promise<Refusal> {
  const placed = (await hub.listPlaced(id)).map(({ cluster }) => cluster);
  if (placed.length > 0) {
    const nextStep = `name the cluster: --cluster ${placed[0]}`;
    return new Refusal(id, `no selector placed it; it was applied to ${placed.join(", ")} by name`, nextStep);
  }
  const names = (await hub.listFleet()).filter(({ kind, namespace }) => kind === id.kind && namespace === id.namespace);
  const near = didYouMean(
    id.name,
    names.map(({ name }) => name),
  );
  const nextStep = "see `outrigger get`; one that lives in a cluster is deleted there, with kubectl";
  return new Refusal(id, "the hub keeps no such resource", near === undefined ? nextStep : `did you mean ${near}?`);
}

async function deleteFromCluster(
  ports: HubPorts,
  id: ResourceId,
  cluster: string,
  dryRun: boolean,
): Promise<Deleted | undefined> {
  const { identity } = await activeCluster(ports, cluster);
  const asRead = await ports.hub.loadSpec(hubKey(id, cluster));
  if (asRead === undefined) {
    const nextStep = "see `outrigger get`; one that lives in the cluster is deleted there, with kubectl";
    throw new Refusal(id, `the hub keeps none for cluster ${cluster}`, nextStep);
  }
  if (asRead.origin === "fleet" && !asRead.deleting) {
    const cause = `cluster ${cluster} has it from the fleet, by its labels`;
    throw new Refusal(id, cause, "delete it without --cluster, or change the selector or the cluster's labels");
  }
  const deleted: Deleted = { ...id, change: "deleting", clusters: [{ cluster, change: "remove" }] };
  if (dryRun) return deleted;
  if (!asRead.deleting) {
    const at = new Date(ports.clock.now()).toISOString();
    const saved = await ports.hub.saveSpec(
      { ...asRead, deleting: true, writtenBy: ports.newId(), at },
      asRead,
      identity,
    );
    if (saved === "changed") return undefined;
    if (saved === "notRegistered")
      throw new Refusal(`cluster ${cluster}`, "it is being deregistered", "the resource goes with it");
  }
  await tellClusters(ports, [cluster]);
  return deleted;
}
