import { resourceSk, type WorkKey } from "../work/keys.ts";

/** The work of finding a cluster's resources: one per cluster, on the reconcile lane. */
export function discoveryKey(cluster: string): WorkKey {
  return { cluster, home: "cluster", kind: "Discovery", namespace: "", name: cluster };
}

/** Whether a key names the discovery pass of its cluster. */
export const isDiscovery = (key: WorkKey): boolean => resourceSk(key) === resourceSk(discoveryKey(key.cluster));
