import { coversNamespace } from "../registry/capabilities.ts";
import type { Registration } from "../registry/registration.ts";
import { CAPABILITY_OF_KIND } from "../work/lanes.ts";
import { type ClusterChange, type HubPorts, mapInGroups } from "./fan-out.ts";
import { createHomes } from "./home.ts";
import { belongs } from "./plan.ts";
import { type FleetRow, hubKey, type ResourceId } from "./resource.ts";

/** What people should know of a fleet resource that can be applied all the same. */
export async function warningsOf(
  ports: HubPorts,
  row: FleetRow,
  registrations: readonly Registration[],
  clusters: readonly ClusterChange[],
): Promise<string[]> {
  const matching = registrations.filter((registration) => belongs(row, registration));
  const warnings =
    matching.length === 0 ? ["no registered cluster has such labels now; one that gets them gets the resource"] : [];
  warnings.push(...matching.flatMap((registration) => uncovered(row, registration) ?? []));
  const conflicts = clusters.filter(({ change }) => change === "conflict").map(({ cluster }) => cluster);
  if (conflicts.length > 0)
    warnings.push(
      `it was applied to ${conflicts.join(", ")} by name, which goes first; delete it there to let this one in`,
    );
  const created = clusters.filter(({ change }) => change === "create");
  const twice = await mapInGroups(created, async ({ cluster }) =>
    (await livesInCluster(ports, row, cluster)) ? [cluster] : [],
  );
  if (twice.flat().length > 0)
    warnings.push(
      `HomeConflict: ${twice.flat().join(", ")} has the same resource in the cluster itself, so neither is acted upon there; delete one of them`,
    );
  return warnings;
}

/** Whether the same name is known to live in the cluster itself. */
export const livesInCluster = (ports: HubPorts, id: ResourceId, cluster: string): Promise<boolean> =>
  createHomes(ports).livesElsewhere(hubKey(id, cluster));

/** @returns why nothing would be done about it in this cluster; undefined when its registration covers it. */
export function uncovered({ kind, namespace }: ResourceId, registration: Registration): string | undefined {
  const { name, capabilities, namespaces } = registration;
  const capability = CAPABILITY_OF_KIND[kind];
  if (capability !== undefined && !capabilities.includes(capability))
    return `cluster ${name} is registered without the capability ${capability}, which ${kind} needs`;
  if (!coversNamespace(registration, namespace))
    return `cluster ${name} is registered for the namespaces ${namespaces.join(", ")} only, not for ${namespace}`;
  return undefined;
}
