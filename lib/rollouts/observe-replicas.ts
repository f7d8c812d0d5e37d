import type { KubernetesClient, RawResponse, ResourceType } from "../kubernetes/client.ts";
import { createDiscovery, type Discovery } from "../kubernetes/discovery.ts";
import { ApiError } from "../kubernetes/errors.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { DEPLOYMENTS, REPLICA_TEMPLATES, STATEFUL_SETS } from "../kubernetes/types.ts";
import { missingMirrorRule } from "./missing-mirror-rule.ts";
import { type MirrorSource, mirrorKey, parseReplicaRules } from "./replica-annotations.ts";
import type { MirrorReading } from "./replica-wishes.ts";

/** Types whose plural needs no question to the API server. */
const KNOWN: readonly ResourceType[] = [REPLICA_TEMPLATES, DEPLOYMENTS, STATEFUL_SETS];

/**
 * Reads the scale of each resource that a StatefulSet takes its replicas from once, by `mirrorKey`; no request when there is
 * none. A resource that cannot be read is data, a cluster that does not answer is not.
 * @throws ConnectionError
 */
export async function observeMirrors(
  client: KubernetesClient,
  namespace: string,
  statefulSets: readonly StatefulSet[],
): Promise<Record<string, MirrorReading>> {
  const discovery = createDiscovery(client);
  const sources = new Map<string, { source: MirrorSource; statefulSet: string }>();
  for (const statefulSet of statefulSets) {
    const { mirror: source } = parseReplicaRules(statefulSet);
    if (source === undefined || sources.has(mirrorKey(source))) continue;
    sources.set(mirrorKey(source), { source, statefulSet: statefulSet.metadata.name });
  }
  const readings = await Promise.all(
    [...sources].map(async ([key, question]) => {
      return [key, await readMirror(client, discovery, { namespace, ...question })] as const;
    }),
  );
  return Object.fromEntries(readings);
}

async function readMirror(
  client: KubernetesClient,
  discovery: Discovery,
  { namespace, statefulSet, source }: { namespace: string; statefulSet: string; source: MirrorSource },
): Promise<MirrorReading> {
  const { apiVersion, kind, name } = source;
  const what = `${kind} ${name} (${apiVersion}), which ${statefulSet} takes its replicas from,`;
  const type = await findType(discovery, source);
  if ("reason" in type) return { ...type, message: `${what} ${type.message}` };
  const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = `${base}/namespaces/${namespace}/${type.plural}/${name}/scale`;
  const answer = await client.raw("GET", path);
  const { spec, status } = answer.status === 200 ? scaleOf(answer) : {};
  if (answer.status === 200) {
    // The API server leaves out a 0.
    return { replicas: spec?.replicas ?? 0, statusReplicas: status?.replicas ?? 0, type, name };
  }
  const cause = messageOf(answer);
  if (answer.status === 403) {
    return {
      reason: "MirrorForbidden",
      message: `${what} may not be read: ${cause}. ${missingMirrorRule(type, "get", "scale")}.`,
    };
  }
  if (answer.status === 404) {
    const message = `${what} is not there or has no scale: ${cause}. Create it, or correct the annotations.`;
    return { reason: "MirrorNotFound", message };
  }
  return {
    reason: "MirrorUnreadable",
    message: `${what} could not be read: GET ${path} answered ${answer.status}: ${cause}.`,
  };
}

async function findType(
  discovery: Discovery,
  { apiVersion, kind }: MirrorSource,
): Promise<ResourceType | { reason: string; message: string }> {
  const known = KNOWN.find((type) => type.apiVersion === apiVersion && type.kind === kind);
  if (known !== undefined) return known;
  try {
    const found = await discovery.find(apiVersion, kind);
    if (found?.namespaced === true) return found;
    const message = "is of a kind the cluster does not serve in namespaces; install it, or correct the annotations.";
    return { reason: "MirrorNotFound", message };
  } catch (error) {
    if (error instanceof ApiError) return { reason: "MirrorUnreadable", message: `cannot be found: ${error.message}.` };
    throw error;
  }
}

interface Scale {
  spec?: { replicas?: number };
  status?: { replicas?: number };
}

const scaleOf = ({ body }: RawResponse): Scale => JSON.parse(body) as Scale;

function messageOf({ body }: RawResponse): string {
  try {
    return (JSON.parse(body) as { message?: string }).message ?? body.slice(0, 200);
  } catch {
    return body.slice(0, 200);
  }
}
