import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import { type AdminClient, createAdminClient } from "../../local/control-plane/admin-client.ts";
import type { LocalCluster } from "../../local/state.ts";
import { watchZones, type ZoneWatch } from "../bench/zone-watcher.ts";
import { createNamespace, createRollout, createStatefulSets, type Group, ZONES } from "./rollout-group.ts";

/** One cluster of a fleet with one group in it, as its owner sees it. */
export interface FleetCluster {
  name: string;
  group: Group;
  /** Every event of the group's pods since they were created. */
  watch: ZoneWatch;
  auditLogPath: string;
  close(): Promise<void>;
}

/** Creates the group, waits until its pods are Ready, then creates the resource. Nobody tells the hub. */
export async function openFleetCluster(
  { name, kubeconfig }: LocalCluster,
  { replicas }: Pick<Group, "replicas">,
): Promise<FleetCluster> {
  const admin = adminOf(kubeconfig);
  const client = createKubernetesClient(readKubeconfig(readFileSync(kubeconfig, "utf8"), { source: kubeconfig }));
  const group: Group = { admin, namespace: "mimir", name: "ingester", replicas };
  await createNamespace(admin, group.namespace);
  await createStatefulSets(group);
  const sets = ZONES.map((zone) => `${group.name}-${zone}`);
  const watch = await watchZones(client, group.namespace, { sets, replicas });
  await watch.allReady("1");
  await createRollout(group);
  watch.reset();
  return {
    name,
    group,
    watch,
    auditLogPath: join(dirname(kubeconfig), "audit.log"),
    async close() {
      await watch.close();
      await Promise.all([client.close(), admin.close()]);
    },
  };
}

function adminOf(kubeconfig: string): AdminClient {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
  const pem = (base64 = ""): string => Buffer.from(base64, "base64").toString("utf8");
  return createAdminClient({
    server: cluster?.server ?? "",
    caPem: pem(cluster?.caData),
    certPem: pem(user?.certData),
    keyPem: pem(user?.keyData),
  });
}
