import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet } from "../kubernetes/objects.ts";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "../kubernetes/types.ts";
import { describeTrouble } from "./cluster-trouble.ts";
import { podSelector } from "./selection.ts";
import { podNames } from "./spread.ts";
import type { RolloutState } from "./state.ts";
import { secondsLeft } from "./time.ts";
import { needsNodes } from "./zones.ts";

/** What volumes have told about the zones of pods. */
export type VolumeZones = NonNullable<RolloutState["volumes"]>;

/** Volumes that told nothing are asked about again after this, seconds. */
const AGAIN_SECONDS = 60;

const ZONE = "topology.kubernetes.io/zone";
/** Labels that hold the same zones: what came before, and what the EBS CSI driver writes. */
const ALIASES = [ZONE, "failure-domain.beta.kubernetes.io/zone", "topology.ebs.csi.aws.com/zone"];

/** What is seen of the one StatefulSet, and what is known. */
export interface VolumeQuestion {
  /** The API server's clock, ISO-8601 UTC. */
  now: string;
  namespace: string;
  statefulSets: readonly StatefulSet[];
  pods: readonly Pod[];
  zoneOfNode: Readonly<Record<string, string>>;
  azOrder: readonly string[];
  /** Node label naming the zone. */
  topologyKey: string;
  known: VolumeZones | undefined;
}

/**
 * The zones of pods that no node tells the zone of, from the volumes they are bound to: for a StatefulSet with volumes of its
 * own, selected alone, whose zone nothing else tells. One LIST of its claims and a GET for each such pod; what was told is
 * not asked again. That there is no answer is noted, and the last known nodes have to do.
 *
 * @returns `known` when there is nothing to ask.
 */
export async function observeVolumeZones(
  client: KubernetesClient,
  { now, namespace, known, topologyKey, ...seen }: VolumeQuestion,
): Promise<VolumeZones | undefined> {
  const last = known?.topologyKey === topologyKey ? known : undefined;
  const told = last?.zones ?? {};
  const asking = podsToAskFor({ topologyKey, ...seen }).filter((pod) => told[pod] === undefined);
  const [statefulSet] = seen.statefulSets;
  if (statefulSet === undefined || asking.length === 0) return known;
  if (last !== undefined && secondsLeft(last.askedAt, AGAIN_SECONDS, now) > 0) return known;
  const answer = { askedAt: now, topologyKey };
  try {
    const volumes = await volumesOf(client, namespace, statefulSet);
    const found = await Promise.all(
      asking.map(async (name) => {
        const pod = seen.pods.find(({ metadata }) => metadata.name === name);
        return [name, await zoneOfPod(client, claimsOf(name, pod, statefulSet), volumes, topologyKey)] as const;
      }),
    );
    const zones = found.flatMap(([name, zone]) => (zone === undefined ? [] : [[name, zone] as const]));
    return { ...answer, zones: { ...told, ...Object.fromEntries(zones) } };
  } catch (error) {
    const trouble = describeTrouble(error, "It is asked again after a minute.");
    if (trouble === undefined) throw error;
    const message = `${trouble.message} Until then a pod without a node counts for the zone it was last seen in.`;
    return { ...answer, zones: told, refused: { reason: trouble.reason, message } };
  }
}

/** Pods, wanted or there, that are on no node whose zone is known; none when volumes have nothing to tell. */
function podsToAskFor({
  statefulSets,
  pods,
  zoneOfNode,
  azOrder,
  topologyKey,
}: Omit<VolumeQuestion, "now" | "namespace" | "known">): string[] {
  const [only] = statefulSets;
  if (only === undefined || statefulSets.length > 1 || (only.spec.volumeClaimTemplates ?? []).length === 0) return [];
  if (needsNodes(statefulSets, { azOrder, topologyKey }).length === 0) return [];
  return podNames(only, pods).filter((name) => {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    return zoneOfNode[pod?.spec?.nodeName ?? ""] === undefined;
  });
}

/** Volume by claim, of the claims made from the StatefulSet's templates: they carry its selector's labels. */
async function volumesOf(
  client: KubernetesClient,
  namespace: string,
  statefulSet: StatefulSet,
): Promise<Map<string, string>> {
  const labelSelector = podSelector([statefulSet]);
  const options = { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) };
  const { items } = await client.list<PersistentVolumeClaim>(PERSISTENT_VOLUME_CLAIMS, options);
  return new Map(
    items.flatMap(({ metadata, spec }) => (spec?.volumeName === undefined ? [] : [[metadata.name, spec.volumeName]])),
  );
}

/** As the pod names them, or as they will be named for it. */
function claimsOf(name: string, pod: Pod | undefined, { spec }: StatefulSet): string[] {
  if (pod === undefined) return (spec.volumeClaimTemplates ?? []).map(({ metadata }) => `${metadata.name}-${name}`);
  return (pod.spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}

/** The first of its volumes that tells a zone: a pod cannot run where one of them is not. */
async function zoneOfPod(
  client: KubernetesClient,
  claims: readonly string[],
  volumes: ReadonlyMap<string, string>,
  topologyKey: string,
): Promise<string | undefined> {
  for (const claim of claims) {
    const name = volumes.get(claim);
    if (name === undefined) continue;
    try {
      const zone = zoneOfVolume(await client.get<PersistentVolume>(PERSISTENT_VOLUMES, { name }), topologyKey);
      if (zone !== undefined) return zone;
    } catch (error) {
      if (!isApiError(error, 404)) throw error;
    }
  }
  return undefined;
}

/** The one zone a volume can be used in: by its required node affinity, else by its labels; undefined when there are several. */
export function zoneOfVolume({ metadata, spec }: PersistentVolume, topologyKey: string): string | undefined {
  const keys = ALIASES.includes(topologyKey) ? [topologyKey, ...ALIASES] : [topologyKey];
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const allowed = terms.map(({ matchExpressions = [] }) =>
    matchExpressions.find(({ key, operator }) => keys.includes(key) && operator === "In"),
  );
  const values = new Set(allowed.flatMap((expression) => expression?.values ?? []));
  const [zone] = values;
  if (zone !== undefined) return values.size === 1 && !allowed.includes(undefined) ? zone : undefined;
  const label = keys.map((key) => metadata.labels?.[key]).find((value) => value !== undefined);
  return label?.includes("__") === true ? undefined : label; // Several zones are joined by two underscores.
}
