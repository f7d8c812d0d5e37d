import { selectorProblems } from "../kubernetes/selectors.ts";
import { didYouMean } from "../registry/problems.ts";
import type { Registration } from "../registry/registration.ts";
import { changesBetween, type FieldChange } from "./changes.ts";
import { type ClusterChange, changesOf, type HubPorts, tellClusters } from "./fan-out.ts";
import { readManifest, type Wanted } from "./manifest.ts";
import { labelSelector } from "./plan.ts";
import { Refusal } from "./reply.ts";
import type { ApplyRequest } from "./requests.ts";
import { type FleetRow, hubKey, type ResourceId, type SpecRow } from "./resource.ts";
import { livesInCluster, uncovered, warningsOf } from "./warnings.ts";

/** What an apply did, or would do. */
export interface Applied extends ResourceId {
  change: "created" | "configured" | "unchanged";
  generation: number;
  /** Fields of spec and selector that differ from what was there. */
  fields: FieldChange[];
  clusters: ClusterChange[];
  /** What people should know and what does not keep it from being applied. */
  warnings: string[];
}

/** Writers of one row at the same time; more than this many in a row means something else is wrong. */
const MAX_ATTEMPTS = 5;

/**
 * Writes a resource into the hub, for one cluster or for all whose labels match, and tells the clusters it concerns.
 * @throws Refusal for whatever is wrong with the resource or where it is to go; then nothing is written.
 */
export async function applyResource(ports: HubPorts, request: ApplyRequest): Promise<Applied> {
  const wanted = readManifest(request.manifest, request.namespace);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { target, dryRun } = request;
    const applied =
      "cluster" in target
        ? await applyToCluster(ports, wanted, target.cluster, dryRun)
        : await applyToFleet(ports, wanted, target.selector, dryRun);
    if (applied !== undefined) return applied;
  }
  throw new Refusal(wanted.id, `others wrote it ${MAX_ATTEMPTS} times in a row`, "apply it again");
}

const stamp = (ports: HubPorts) => ({ writtenBy: ports.newId(), at: new Date(ports.clock.now()).toISOString() });

/** @returns undefined when somebody else wrote meanwhile. */
async function applyToFleet(
  ports: HubPorts,
  { id, spec }: Wanted,
  selector: FleetRow["selector"],
  dryRun: boolean,
): Promise<Applied | undefined> {
  const problems = selectorProblems(labelSelector(selector));
  if (problems.length > 0) throw new Refusal(id, `selector: ${problems.join("; ")}`, "correct it and apply it again");
  const asRead = await ports.hub.loadFleet(id);
  if (asRead?.deleting === true) throw beingDeleted(id);
  const fields = [
    ...changesBetween(asRead?.spec, spec, "spec"),
    ...changesBetween(asRead?.selector, selector, "selector"),
  ];
  const { uid, generation } = asRead ?? { uid: ports.newId(), generation: 0 };
  const next: FleetRow =
    asRead !== undefined && fields.length === 0
      ? asRead
      : { ...id, uid, generation: generation + 1, spec, selector, deleting: false, ...stamp(ports) };
  const { registrations } = await ports.registry.list();
  const clusters = await changesOf(ports, next, registrations);
  if (!dryRun) {
    if (next !== asRead && !(await ports.hub.saveFleet(next, asRead))) return undefined;
    await tellClusters(
      ports,
      clusters.flatMap(({ cluster, change }) => (change === "conflict" ? [] : [cluster])),
    );
  }
  const warnings = await warningsOf(ports, next, registrations, clusters);
  return { ...id, change: changeOf(asRead, fields), generation: next.generation, fields, clusters, warnings };
}

function changeOf(asRead: unknown, fields: readonly FieldChange[]): Applied["change"] {
  if (asRead === undefined) return "created";
  return fields.length === 0 ? "unchanged" : "configured";
}

/** @returns undefined when somebody else wrote meanwhile. */
async function applyToCluster(
  ports: HubPorts,
  { id, spec }: Wanted,
  cluster: string,
  dryRun: boolean,
): Promise<Applied | undefined> {
  const registration = await activeCluster(ports, cluster);
  const refused = uncovered(id, registration);
  if (refused !== undefined) throw new Refusal(id, refused, "register the cluster with it, then apply again");
  const key = hubKey(id, cluster);
  const asRead = await ports.hub.loadSpec(key);
  if (asRead !== undefined) refuseTaken(asRead, registration);
  else if (await livesInCluster(ports, id, cluster)) {
    const cause = `it lives in cluster ${cluster} itself, and two homes would stop both`;
    throw new Refusal(id, cause, `change it there with kubectl, or delete it there first`);
  }
  const fields = changesBetween(asRead?.spec, spec, "spec");
  const change = changeOf(asRead, fields);
  const { uid, generation } = asRead ?? { uid: ports.newId(), generation: 0 };
  const { identity } = registration;
  const next: SpecRow =
    asRead !== undefined && change === "unchanged"
      ? asRead
      : { key, uid, generation: generation + 1, spec, deleting: false, identity, origin: "cluster", ...stamp(ports) };
  const clusters: ClusterChange[] =
    change === "unchanged" ? [] : [{ cluster, change: change === "created" ? "create" : "update" }];
  const applied: Applied = { ...id, change, generation: next.generation, fields, clusters, warnings: [] };
  if (dryRun) return applied;
  if (next !== asRead) {
    const saved = await ports.hub.saveSpec(next, asRead, identity);
    if (saved === "notRegistered") throw leaving(cluster);
    if (saved === "changed") return undefined;
  }
  // The row makes it visible at once; the discovery pass posts it.
  await ports.work.schedule(key, ports.clock.now(), { posted: false });
  await tellClusters(ports, [cluster]);
  return applied;
}

function refuseTaken(row: SpecRow, { name, identity }: Registration): void {
  if (row.deleting) throw beingDeleted(row.key);
  if (row.identity !== identity) {
    const cause = `it was applied to an earlier cluster of the name ${name} and is being taken away`;
    throw new Refusal(row.key, cause, "apply it again in a minute");
  }
  if (row.origin === "fleet") {
    const cause = `cluster ${name} has it from the fleet, by its labels`;
    throw new Refusal(row.key, cause, "apply it with that selector again, or change cluster labels or selector first");
  }
}

const beingDeleted = (id: ResourceId): Refusal =>
  new Refusal(id, "it is being deleted", "apply it again when it is gone (`outrigger describe` shows what is left)");

const leaving = (cluster: string): Refusal =>
  new Refusal(`cluster ${cluster}`, "it is being deregistered", "register it again first");

/** The registration of a cluster that may be given work. */
export async function activeCluster({ registry }: Pick<HubPorts, "registry">, cluster: string): Promise<Registration> {
  const registration = await registry.load(cluster);
  if (registration?.state === "Active") return registration;
  if (registration?.state === "Deregistering") throw leaving(cluster);
  const { registrations } = await registry.list();
  const near = didYouMean(
    cluster,
    registrations.map(({ name }) => name),
  );
  const nextStep = near === undefined ? "see `outrigger cluster list`, or register it" : `did you mean ${near}?`;
  throw new Refusal(`cluster ${cluster}`, "it is not registered", nextStep);
}
