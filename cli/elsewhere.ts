import type { ResourceId } from "../lib/hub/resource.ts";
import { didYouMean } from "../lib/registry/problems.ts";
import { askApi } from "./api.ts";
import type { Hub } from "./hub.ts";
import { ResourceView } from "./views.ts";

/** Places that are named. */
const MOST_NAMED = 3;

/**
 * What to do about a resource that the hub does not know where it was looked for: where there is one of that name, or of one
 * that was probably meant.
 * @param looked absent namespace = all of them were looked into.
 */
export async function nextStepElsewhere(
  hub: Hub,
  looked: Omit<ResourceId, "namespace"> & { namespace: string | undefined; cluster?: string | undefined },
): Promise<string> {
  const { kind, namespace, name, cluster } = looked;
  const known = ResourceView.array().parse(await askApi(hub, { action: "resource.list", kind }));
  const everywhere = known.filter(({ key }) => key.name === name).map(({ key }) => key);
  const inCluster = everywhere.filter((key) => key.cluster === cluster);
  const places = inCluster.length > 0 ? inCluster : everywhere;
  if (places.length > 0) {
    const named = places.slice(0, MOST_NAMED).map((key) => {
      const inNamespace = key.namespace === "" ? "" : `-n ${key.namespace} `;
      return `\`${inNamespace}--cluster ${key.cluster}\``;
    });
    const more = places.length > MOST_NAMED ? ` and ${places.length - MOST_NAMED} more places` : "";
    return `There is one at ${named.join(", ")}${more}`;
  }
  const names = known
    .filter(({ key }) => namespace === undefined || key.namespace === namespace)
    .map(({ key }) => key.name);
  const near = didYouMean(name, [...new Set(names)]);
  if (near !== undefined) return `Did you mean ${near}?`;
  return `See \`outrigger get ${kind} -A\`; a new resource is found within its cluster's discover interval`;
}
