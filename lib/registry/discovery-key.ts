import type { WorkKey } from "../work/keys.ts";

/** The work of finding a cluster's resources: one per cluster, on the reconcile lane. */
export function discoveryKey(cluster: string): WorkKey {
  return { cluster, home: "cluster", kind: "Discovery", namespace: "", name: cluster };
}
