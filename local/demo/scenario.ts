import type { V1Namespace, V1StatefulSet } from "@kubernetes/client-node";
import { POD_ANNOTATIONS } from "../control-plane/pod-behaviours.ts";

/** StatefulSets of one application, one per zone, rolled together by one MultiAZRollout of the same name. */
export interface Group {
  namespace: string;
  name: string;
  /** Pods of each zone. */
  replicas: number;
  updateStrategy: "OnDelete" | "RollingUpdate";
  maxUnavailable: number;
  image: { before: string; after: string };
  /** How its rollout is to end. */
  expected: { phase: "Completed" } | { phase: "Refused"; reason: "NotOnDelete" };
}

/** From Running to Ready, drawn for each pod. */
const READY_AFTER = "1s..2s";

const MIMIR = { before: "docker.io/grafana/mimir:2.16.1", after: "docker.io/grafana/mimir:2.17.0" };
const LOKI = "docker.io/grafana/loki:3.5.0";

/** Ingesters and store-gateways as Mimir deploys them over three zones, and a Loki left on RollingUpdate. */
export const GROUPS: readonly Group[] = [
  {
    namespace: "mimir",
    name: "ingester",
    replicas: 4,
    updateStrategy: "OnDelete",
    maxUnavailable: 2,
    image: MIMIR,
    expected: { phase: "Completed" },
  },
  {
    namespace: "mimir",
    name: "store-gateway",
    replicas: 3,
    updateStrategy: "OnDelete",
    maxUnavailable: 1,
    image: MIMIR,
    expected: { phase: "Completed" },
  },
  {
    namespace: "loki",
    name: "loki-write",
    replicas: 2,
    updateStrategy: "RollingUpdate",
    maxUnavailable: 1,
    image: { before: LOKI, after: LOKI },
    expected: { phase: "Refused", reason: "NotOnDelete" },
  },
];

/** Labels by which the demo itself finds pods; Mimir's own. */
export const GROUP_LABEL = "rollout-group";
export const ZONE_LABEL = "zone";

export const namespaces = (): V1Namespace[] =>
  [...new Set(GROUPS.map(({ namespace }) => namespace))].map((name) => ({ metadata: { name } }));

/** `us-east-1a` is the logical zone `zone-a`, as Mimir names it. */
export const logicalZone = (zone: string): string => `zone-${zone.slice(-1)}`;

/** The StatefulSet of a group in one zone. */
export function statefulSet(group: Group, zone: string): V1StatefulSet {
  const name = `${group.name}-${logicalZone(zone)}`;
  const labels = { name, [GROUP_LABEL]: group.name, [ZONE_LABEL]: logicalZone(zone) };
  return {
    metadata: { name, namespace: group.namespace, labels },
    spec: {
      replicas: group.replicas,
      serviceName: name,
      podManagementPolicy: "Parallel",
      updateStrategy: { type: group.updateStrategy },
      selector: { matchLabels: { name, [GROUP_LABEL]: group.name } },
      template: {
        metadata: { labels, annotations: { [POD_ANNOTATIONS.readyAfter]: READY_AFTER } },
        spec: {
          nodeSelector: { "topology.kubernetes.io/zone": zone },
          terminationGracePeriodSeconds: 1,
          containers: [{ name: group.name, image: group.image.before, args: [`-target=${group.name}`] }],
        },
      },
    },
  };
}

/** The resource as people write it. */
export function multiAZRollout(group: Group) {
  return {
    apiVersion: "rollout.grafana.com/v1alpha1",
    kind: "MultiAZRollout",
    metadata: { name: group.name, namespace: group.namespace },
    spec: {
      statefulSetSelector: { matchLabels: { [GROUP_LABEL]: group.name } },
      rollingUpdate: { maxUnavailable: group.maxUnavailable, intervalSeconds: 0 },
    },
  };
}
