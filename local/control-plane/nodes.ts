import type { AdminClient } from "./admin-client.ts";

/** A Node object as it is sent to a new cluster. */
export interface NewNode {
  apiVersion: "v1";
  kind: "Node";
  metadata: { name: string; labels: Record<string, string> };
  status: {
    addresses: { type: string; address: string }[];
    allocatable: Record<string, string>;
    capacity: Record<string, string>;
  };
}

const CAPACITY = { cpu: "1000", memory: "4Ti", "ephemeral-storage": "4Ti", pods: "1000" };

/**
 * Plans the nodes of a cluster: `nodesPerZone` in each zone, named and labelled as EKS does it, each big enough for
 * hundreds of pods.
 * @param zones names such as `us-east-1a`; the letter gives the zone id (`use1-az1`).
 */
export function planNodes(zones: readonly string[], nodesPerZone: number): NewNode[] {
  return zones.flatMap((zone, zoneIndex) =>
    Array.from({ length: nodesPerZone }, (_, index): NewNode => {
      const address = `10.0.${zoneIndex * 16 + Math.floor(index / 250)}.${(index % 250) + 1}`;
      const region = regionOf(zone);
      const name = `ip-${address.replaceAll(".", "-")}.${region}.compute.internal`;
      return {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name,
          labels: {
            "kubernetes.io/arch": "arm64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": "m8g.48xlarge",
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zone,
            "topology.k8s.aws/zone-id": zoneId(zone),
          },
        },
        status: {
          addresses: [
            { type: "InternalIP", address },
            { type: "Hostname", address: name },
          ],
          allocatable: CAPACITY,
          capacity: CAPACITY,
        },
      };
    }),
  );
}

function regionOf(zone: string): string {
  return zone.replace(/[a-z]$/, "");
}

/** `us-east-1a` → `use1-az1`: the form of AWS's zone ids (which letter has which number differs between accounts). */
export function zoneId(zone: string): string {
  const [area = "", ...rest] = regionOf(zone).split("-");
  const number = rest.pop() ?? "";
  const short = rest.map((word) =>
    word
      .match(/north|south|east|west|central|^./g)
      ?.map((part) => part.charAt(0))
      .join(""),
  );
  return `${area}${short.join("")}${number}-az${zone.charCodeAt(zone.length - 1) - "a".charCodeAt(0) + 1}`;
}

/** Sends the nodes to a new cluster. */
export async function createNodes(admin: AdminClient, nodes: readonly NewNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => admin.request("POST", "/api/v1/nodes", node)));
}

/** @returns whether `count` nodes are there and each is Ready and takes pods. */
export async function areNodesUsable(admin: AdminClient, count: number): Promise<boolean> {
  const list = (await admin.request("GET", "/api/v1/nodes")) as { items: NodeState[] };
  return list.items.length >= count && list.items.every(isUsable);
}

interface NodeState {
  metadata: { name: string };
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

function isUsable(node: NodeState): boolean {
  const ready = node.status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return ready === true && (node.spec.taints ?? []).length === 0;
}
