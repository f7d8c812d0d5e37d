import { join } from "node:path";
import { rbacOf } from "../lib/registry/rbac.ts";
import { Capability } from "../lib/registry/registration.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION } from "./aws/start.ts";
import { applyAccess } from "./control-plane/access.ts";
import type { Binaries } from "./control-plane/build.ts";
import { startControlPlane } from "./control-plane/start.ts";
import { clusterArn, putCluster } from "./eks/clusters.ts";
import type { EnvironmentOptions } from "./host-protocol.ts";
import { startEmbeddedCluster } from "./kubernetes/start.ts";
import type { StartedProcesses } from "./started-processes.ts";
import { clustersDirectory } from "./stop.ts";

/** A cluster that runs and is to be registered. */
export interface ClusterToRegister {
  name: string;
  /** Path of a kubeconfig with administrator rights. */
  kubeconfig: string;
  zones: string[];
  /** `detail` of its Cluster Registered event, without `at`. */
  detail: { name: string } & Record<string, unknown>;
}

/** Nobody is let in before the hub's roles are known (`admitHub`). */
const TOKENS = { rules: { credentials: [], accessEntries: [] } };

/** Starts a cluster, grants the hub what is shipped for it and nothing more, and lists it in the EKS endpoint. */
export async function startCluster(
  name: string,
  options: EnvironmentOptions & { binaries: Binaries | undefined; eksFile: string },
  started: StartedProcesses,
  onProgress: (line: string) => void,
): Promise<ClusterToRegister> {
  const { podReadyAfterMs, nodesPerZone, audit, binaries, eksFile } = options;
  const shared = {
    name,
    dataDir: join(clustersDirectory(options.directory), name),
    tokens: TOKENS,
    audit,
    ...(podReadyAfterMs === undefined ? {} : { podReadyAfterMs }),
    ...(nodesPerZone === undefined ? {} : { nodesPerZone }),
  };
  const controlPlane =
    binaries === undefined ? await startEmbeddedCluster(shared) : await startControlPlane({ ...shared, binaries });
  for (const [process, pid] of Object.entries(controlPlane.pids)) started.add(`${name}/${process}`, pid);
  const { server, caPem, createdAt, zones, kubernetesVersion } = controlPlane;
  const access = { capabilities: Capability.options, namespaces: [], installCustomResources: true };
  await applyAccess(controlPlane.admin, rbacOf(access));
  const cluster = { name, region: LOCAL_REGION, accountId: LOCAL_ACCOUNT };
  const version = kubernetesVersion.replace(/^v(\d+\.\d+)\..*$/, "$1");
  await putCluster(eksFile, { ...cluster, endpoint: server, caPem, createdAt, version });
  const kind = binaries === undefined ? "embedded Kubernetes" : "Kubernetes";
  onProgress(`cluster ${name}: ${kind} ${kubernetesVersion} in ${zones.join(", ")}`);
  return {
    name,
    kubeconfig: controlPlane.adminKubeconfig.path,
    zones,
    detail: { name, arn: clusterArn(cluster), monitorInterval: options.lookEvery, discoverInterval: options.lookEvery },
  };
}
