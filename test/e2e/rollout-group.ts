import { expect, vi } from "vitest";
import type { KubernetesObject, Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import { claimOf } from "../../lib/rollouts/claim.ts";
import { applyAccess } from "../../local/control-plane/access.ts";
import type { AdminClient } from "../../local/control-plane/admin-client.ts";
import { describeStatus } from "./deployed.ts";

export const ZONES = ["zone-a", "zone-b", "zone-c"];

/** Three StatefulSets, one per zone (or one alone), and the MultiAZRollout that rolls them together, all of one name. */
export interface Group {
  admin: AdminClient;
  namespace: string;
  name: string;
  /** Pods of each zone. */
  replicas: number;
  /** Whether a label tells the zone; otherwise only the nodes do. */
  zoned?: boolean;
  /**
   * true: one StatefulSet with volumes of its own, whose pods wait for nodes with the label `outrigger.dev/place` of this
   * namespace.
   */
  unplaced?: boolean;
}

/** One StatefulSet each. */
const zonesOf = ({ unplaced }: Group): string[] => (unplaced === true ? ZONES.slice(0, 1) : ZONES);
const PLACE = "outrigger.dev/place";

const MERGE = "application/merge-patch+json";
const setsPath = ({ namespace }: Group): string => `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
const resourcesPath = ({ namespace }: Group): string =>
  `/apis/rollout.grafana.com/v1alpha1/namespaces/${namespace}/multiazrollouts`;

export async function createNamespace(admin: AdminClient, name: string): Promise<void> {
  await applyAccess(admin, [{ apiVersion: "v1", kind: "Namespace", metadata: { name } }]);
}

/** Creates the StatefulSets, waits for their pods, and changes the template, so that every pod is outdated. */
export async function createOutdated(group: Group, annotations: Record<string, string> = {}): Promise<void> {
  await createStatefulSets(group);
  const there =
    group.unplaced === true ? { ready: 0, versions: { "1": replicasOf(group) } } : { ready: replicasOf(group) };
  await vi.waitFor(async () => expect(await revisionsOf(group)).toMatchObject(there), WAIT);
  await changeTemplate(group, "2", annotations);
}

export async function createStatefulSets(group: Group): Promise<void> {
  for (const zone of zonesOf(group)) await group.admin.request("POST", setsPath(group), statefulSet(group, zone));
}

export async function createRollout(group: Group, spec: Record<string, unknown> = {}): Promise<void> {
  await group.admin.request("POST", resourcesPath(group), multiAZRollout(group, spec));
}

/** The resource as people write it; fields of `spec` given here win. */
export function multiAZRollout(
  { namespace, name }: Pick<Group, "namespace" | "name">,
  spec: Record<string, unknown> = {},
) {
  const selector = { statefulSetSelector: { matchLabels: { "rollout-group": name } } };
  return {
    apiVersion: "rollout.grafana.com/v1alpha1",
    kind: "MultiAZRollout",
    metadata: { name, namespace },
    spec: { ...selector, rollingUpdate: { maxUnavailable: 1, intervalSeconds: 0 }, ...spec },
  };
}

/** A new version for every pod of the group. */
export async function changeTemplate(
  group: Group,
  version: string,
  annotations: Record<string, string> = {},
): Promise<void> {
  const patch = { spec: { template: { metadata: { annotations: { ...annotations, version } } } } };
  for (const zone of zonesOf(group))
    await group.admin.request("PATCH", `${setsPath(group)}/${group.name}-${zone}`, patch, MERGE);
}

/** Phase and conditions as `kubectl get -o yaml` would show them in the cluster. */
export async function rolloutStatusOf(group: Group): Promise<string> {
  const { status } = (await group.admin.request("GET", `${resourcesPath(group)}/${group.name}`)) as {
    status?: unknown;
  };
  return describeStatus(status);
}

export async function deleteRollout(group: Group): Promise<void> {
  await group.admin.request("DELETE", `${resourcesPath(group)}/${group.name}`);
}

/** Waits until every pod has this version and is Ready, and the resource says Completed. */
export async function waitUntilRolled(group: Group, version: string, timeout = WAIT.timeout): Promise<void> {
  const whole = { ready: replicasOf(group), versions: { [version]: replicasOf(group) } };
  await vi.waitFor(
    async () => {
      expect(await revisionsOf(group)).toEqual(whole);
      expect(await rolloutStatusOf(group)).toMatch(/^Completed/);
    },
    { ...WAIT, timeout },
  );
}

/** Gives the pods of a group that is `unplaced` their nodes. */
export async function place({ admin, namespace }: Pick<Group, "admin" | "namespace">): Promise<void> {
  const { items } = (await admin.request("GET", "/api/v1/nodes")) as { items: KubernetesObject[] };
  const patch = { metadata: { labels: { [PLACE]: namespace } } };
  for (const { metadata } of items) await admin.request("PATCH", `/api/v1/nodes/${metadata.name}`, patch, MERGE);
}

/** Lets the namespace have so many pods; those that are there stay. */
export async function setQuota({ admin, namespace }: Pick<Group, "admin" | "namespace">, pods: number): Promise<void> {
  const name = `${pods}-pods`;
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  await admin.request("DELETE", path);
  await admin.request("POST", path, { metadata: { name }, spec: { hard: { pods: String(pods) } } });
  await vi.waitFor(async () => {
    expect(await admin.request("GET", `${path}/${name}`)).toMatchObject({ status: { hard: { pods: String(pods) } } });
  }, WAIT);
}

/** Which of its StatefulSets are claimed. */
export async function claimsOf(group: Group): Promise<string[]> {
  const { items } = (await group.admin.request("GET", setsPath(group))) as { items: StatefulSet[] };
  return items.flatMap((each) => (claimOf(each) === undefined ? [] : [each.metadata.name]));
}

const replicasOf = (group: Group): number => zonesOf(group).length * group.replicas;

/** How many pods are Ready, and how many are of each version. */
async function revisionsOf({
  admin,
  namespace,
  name,
}: Group): Promise<{ ready: number; versions: Record<string, number> }> {
  const selector = encodeURIComponent(`rollout-group=${name}`);
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
  const { items } = (await admin.request("GET", path)) as { items: Pod[] };
  const versions: Record<string, number> = {};
  let ready = 0;
  for (const { metadata, status } of items) {
    const version = metadata.annotations?.["version"] ?? "none";
    versions[version] = (versions[version] ?? 0) + 1;
    if (status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True")) ready += 1;
  }
  return { ready, versions };
}

function statefulSet(group: Group, zone: string): StatefulSet {
  const { name, namespace, replicas, zoned = true, unplaced = false } = group;
  const app = { app: `${name}-${zone}` };
  const labels = { ...app, "rollout-group": name };
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: `${name}-${zone}`, namespace, labels: { ...labels, ...(zoned ? { zone } : {}) } },
    spec: {
      replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: app },
      template: {
        metadata: { labels, annotations: { version: "1" } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: "main", image: "registry.example.com/app:1" }],
          ...(unplaced ? { nodeSelector: { [PLACE]: namespace } } : {}),
        },
      },
      ...(unplaced ? { volumeClaimTemplates: [DATA] } : {}),
    },
  } as StatefulSet;
}

const WAIT = { timeout: 120_000, interval: 500 };
const DATA = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
