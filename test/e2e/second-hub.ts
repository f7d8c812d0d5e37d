import { join } from "node:path";
import type { WorkKey } from "../../lib/work/keys.ts";
import { deployLocal } from "../../local/aws.ts";
import { admitHub } from "../../local/hub-access.ts";
import { registerClusters } from "../../local/registration.ts";
import { clustersDirectory } from "../../local/stop.ts";
import { CLUSTER, CONTEXT, clusterDetail, type DeployedHub, openDeployedHub, type Stage } from "./environment.ts";

/** What a hub keeps as the status of a resource. */
export interface KeptStatus {
  phase: string;
  conditions: { type: string; status: string; reason: string; message: string }[];
}

/** Deploys a second stack beside the first and registers the same cluster there, limited to one namespace. */
export async function deploySecondHub(stage: Stage, stack: string, namespace: string): Promise<DeployedHub> {
  const { local, directory, kubeconfigPath, zones } = stage;
  const stateDir = join(directory, "local", `aws-${stack}`);
  const outputs = await deployLocal({ endpoint: local.endpoint, stateDir, stackName: stack, context: CONTEXT });
  await admitHub(local, outputs, [join(clustersDirectory(directory), CLUSTER)]);
  const detail = { ...clusterDetail(), namespaces: [namespace] };
  const cluster = { name: detail.name, kubeconfig: kubeconfigPath, zones: [...zones], detail };
  await registerClusters({ ...local, stack }, [cluster], () => undefined);
  return openDeployedHub(local, stack, outputs);
}

/** @returns what the hub itself says of the resource; undefined before its first pass. */
export async function keptStatus({ store }: Pick<DeployedHub, "store">, key: WorkKey): Promise<KeptStatus | undefined> {
  return (await store.loadState(key))?.status as KeptStatus | undefined;
}
