import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StackOutputs } from "./aws/deploy.ts";
import { LOCAL_ACCOUNT, LOCAL_SECRET_KEY } from "./aws/start.ts";
import { deployLocal, LOCAL_REGION, startLocalAws, startLocalMetrics, synthesiseLocal } from "./aws.ts";
import { type ClusterToRegister, startCluster } from "./cluster.ts";
import { buildControlPlane } from "./control-plane/build.ts";
import { serveEks } from "./eks.ts";
import type { EnvironmentOptions } from "./host-protocol.ts";
import { admitHub } from "./hub-access.ts";
import { adoptCluster, readOwnCluster } from "./own-cluster.ts";
import { registerClusters } from "./registration.ts";
import { type StartedProcesses, startedProcesses } from "./started-processes.ts";
import { type LocalState } from "./state.ts";
import { clustersDirectory, instanceDirectory, stopEnvironment } from "./stop.ts";

type Progress = (line: string) => void;

/**
 * Starts, in this process: the local AWS with the deployed stack, the EKS endpoint, the clusters; registers the clusters by
 * events and waits until each was probed and has its custom resources. All processes end with this one.
 * @throws Error naming what is missing or what failed.
 */
export async function startEnvironment(options: EnvironmentOptions, onProgress: Progress): Promise<LocalState> {
  const { directory } = options;
  await stopEnvironment(directory); // What an earlier one may have left after a crash.
  rmSync(instanceDirectory(directory), { recursive: true, force: true });
  mkdirSync(clustersDirectory(directory), { recursive: true, mode: 0o700 });
  const started = startedProcesses(directory);
  started.add("host", process.pid);

  const [{ hub, outputs }, clusters, ownClusters] = await Promise.all([
    startHub(options, started, onProgress),
    startClusters(options, started, onProgress),
    Promise.all(Object.entries(options.ownClusters).map(([name, path]) => readOwnCluster(name, path))),
  ]);
  const folders = clusters.map(({ name }) => join(clustersDirectory(directory), name));
  await admitHub(hub, outputs, folders);
  const own = await Promise.all(ownClusters.map((cluster) => adoptCluster(hub, cluster)));
  const all = [...clusters, ...own];
  const state: LocalState = {
    ...hub,
    clusters: all.map(({ name, kubeconfig, zones }) => ({ name, kubeconfig, zones })),
  };
  await registerClusters(hub, all, onProgress);
  started.ready(state);
  return state;
}

/** The local AWS with the stack in it. */
async function startHub(
  options: EnvironmentOptions,
  started: StartedProcesses,
  onProgress: Progress,
): Promise<{ hub: Omit<LocalState, "clusters">; outputs: StackOutputs }> {
  const eks = await serveEks({ file: eksFile(options.directory) });
  const stateDir = join(instanceDirectory(options.directory), "aws");
  const what = { stateDir, stackName: options.stack, context: options.context };
  const assembly = synthesiseLocal(what);
  assembly.catch(() => undefined); // Reported where it is waited for; the local AWS may fail first.
  const aws = await startLocalAws({
    stateDir,
    env: options.functionVariables,
    eksEndpoint: eks.url,
    ...(options.audit ? { decisionsFile: decisionsFile(options.directory) } : {}),
    onStarted: (pid) => started.add("ministack", pid),
    onProgress,
  });
  onProgress(`local AWS: ${aws.endpoint}`);
  const outputs = await deployLocal({ ...what, endpoint: aws.endpoint, assembly });
  onProgress(`stack ${options.stack}: deployed, its roles are enforced`);
  const metrics = startLocalMetrics({ endpoint: aws.endpoint, stateDir, stackName: options.stack });
  started.add("metrics", metrics.pid);
  const credentials = { accessKeyId: LOCAL_ACCOUNT, secretAccessKey: LOCAL_SECRET_KEY };
  const { endpoint } = aws;
  const hub = { endpoint, eksEndpoint: eks.url, region: LOCAL_REGION, credentials, stack: options.stack };
  return { hub, outputs };
}

async function startClusters(
  options: EnvironmentOptions,
  started: StartedProcesses,
  onProgress: Progress,
): Promise<ClusterToRegister[]> {
  if (options.clusters.length === 0) return [];
  const binaries = options.kubernetes === "real" ? await buildControlPlane({ onProgress }) : undefined;
  return Promise.all(
    options.clusters.map((name) =>
      startCluster(name, { ...options, binaries, eksFile: eksFile(options.directory) }, started, onProgress),
    ),
  );
}

/** What the local AWS decided about roles, when `audit` was asked for. */
export const decisionsFile = (directory: string): string =>
  join(instanceDirectory(directory), "aws", "decisions.jsonl");
const eksFile = (directory: string): string => join(instanceDirectory(directory), "eks.json");
