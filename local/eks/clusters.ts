import { readFile } from "node:fs/promises";
import { z } from "zod";
import { withLockFile } from "../control-plane/lock-file.ts";
import { writeAtomically } from "../control-plane/processes.ts";

/** A cluster that the local EKS endpoint knows. */
export const EksCluster = z.strictObject({
  name: z.string().min(1).max(100),
  region: z.string().min(1),
  accountId: z.string().regex(/^\d{12}$/),
  /** https URL of the API server. */
  endpoint: z.url(),
  caPem: z.string().min(1),
  /** ISO-8601 UTC; a cluster made anew under the same name has another. */
  createdAt: z.iso.datetime(),
  /** e.g. `1.35`. */
  version: z.string().regex(/^\d+\.\d+$/),
  status: z.enum(["CREATING", "ACTIVE", "DELETING", "FAILED", "UPDATING", "PENDING"]).default("ACTIVE"),
  tags: z.record(z.string(), z.string()).default({}),
});
export type EksCluster = z.infer<typeof EksCluster>;

const ClustersFile = z.strictObject({ clusters: z.array(EksCluster) });

/** @returns `arn:aws:eks:REGION:ACCOUNT:cluster/NAME`. */
export function clusterArn(cluster: Pick<EksCluster, "name" | "region" | "accountId">): string {
  return `arn:aws:eks:${cluster.region}:${cluster.accountId}:cluster/${cluster.name}`;
}

/** Reads the clusters; an absent file holds none. */
export async function readClusters(file: string): Promise<EksCluster[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return ClustersFile.parse(JSON.parse(text)).clusters;
}

/** Adds a cluster, or replaces the one with the same ARN; a running endpoint serves it from its next request on. */
export async function putCluster(file: string, cluster: z.input<typeof EksCluster>): Promise<void> {
  const added = EksCluster.parse(cluster);
  await changeClusters(file, (clusters) => [
    ...clusters.filter((other) => clusterArn(other) !== clusterArn(added)),
    added,
  ]);
}

/** Takes a cluster away; nothing happens when it is not there. */
export async function removeCluster(file: string, arn: string): Promise<void> {
  await changeClusters(file, (clusters) => clusters.filter((cluster) => clusterArn(cluster) !== arn));
}

/** Rewrites the file while no other process does. */
export async function changeClusters(file: string, change: (clusters: EksCluster[]) => EksCluster[]): Promise<void> {
  await withLockFile(
    `${file}.lock`,
    () => {},
    async () => {
      const clusters = change(await readClusters(file));
      await writeAtomically(file, JSON.stringify({ clusters }, undefined, 2));
    },
  );
}
