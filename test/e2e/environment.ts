import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KubeConfig } from "@kubernetes/client-node";
import { type Hub, localAws, openHub } from "../../cli/hub.ts";
import { clientSettings } from "../../lib/aws/clients.ts";
import { openTable, type Table } from "../../lib/aws/table.ts";
import { createWorkStore } from "../../lib/aws/work-store.ts";
import { systemClock } from "../../lib/work/clock.ts";
import type { WorkStore } from "../../lib/work/store.ts";
import { LOCAL_ACCOUNT, LOCAL_REGION, type StackOutputs } from "../../local/aws.ts";
import { openControlPlane } from "../../local/control-plane/start.ts";
import { clusterArn } from "../../local/eks/clusters.ts";
import { type HostedEnvironment, hostEnvironment } from "../../local/host-client.ts";
import type { LocalState } from "../../local/state.ts";
import { clustersDirectory, instanceDirectory } from "../../local/stop.ts";

/** Short, so that the lease of a dead worker ends soon: timeout + request timeout + margin = 40 s. */
export const ROLLOUT_TIMEOUT_SECONDS = 25;
/** CDK context of the stacks of these tests. */
export const CONTEXT = { faults: "true", rolloutTimeoutSeconds: String(ROLLOUT_TIMEOUT_SECONDS) };
export const STACK = "Outrigger";
export const CLUSTER = "e2e";
/** Dispatch comes this often besides its schedule, so that the suite takes minutes and not a quarter of an hour. */
const DISPATCH_MS = 5_000;

/** A deployed hub, as its operator sees it. */
export interface DeployedHub {
  hub: Hub;
  outputs: StackOutputs;
  table: Table;
  store: WorkStore;
}

/** The deployed stack, one real cluster registered in it, and a folder that arms its fault points. */
export interface Stage extends DeployedHub {
  local: LocalState;
  /** Everything of the environment is below. */
  directory: string;
  /** Synthesised assemblies and outputs of the CDK. */
  awsDirectory: string;
  faultDirectory: string;
  zones: readonly string[];
  /** Administrator of the cluster. */
  kubeConfig: KubeConfig;
  kubeconfigPath: string;
  auditLogPath: string;
  admin: Awaited<ReturnType<typeof openControlPlane>>["admin"];
  stop(): Promise<void>;
}

/** @returns the hub of one stack of the local AWS. */
export async function openDeployedHub(local: LocalState, stack: string, outputs: StackOutputs): Promise<DeployedHub> {
  const hub = await openHub({ stack, local: true }, localAws(local));
  const { endpoint, region, credentials } = local;
  const client = new DynamoDBClient({ ...clientSettings(), endpoint, region, credentials });
  const table = openTable(client, outputs["TableName"] ?? "");
  return { hub, outputs, table, store: createWorkStore(table, systemClock) };
}

/** Starts all of it in a process of its own and in a folder of its own. */
export async function openStage(): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), "outrigger-kill-"));
  const faultDirectory = join(directory, "faults");
  mkdirSync(faultDirectory);
  const request = {
    directory,
    clusters: [CLUSTER],
    stack: STACK,
    context: CONTEXT,
    functionVariables: { OUTRIGGER_FAULT_DIR: faultDirectory },
    podReadyAfterMs: 500,
    audit: true,
  };
  let environment: HostedEnvironment | undefined;
  const stopped = new AbortController();
  try {
    environment = await hostEnvironment(request, say);
    const hosted = environment;
    const local = hosted.state;
    const awsDirectory = join(instanceDirectory(directory), "aws");
    const written = JSON.parse(readFileSync(join(awsDirectory, `outputs-${STACK}.json`), "utf8")) as Record<
      string,
      StackOutputs
    >;
    const deployed = await openDeployedHub(local, STACK, written[STACK] ?? {});
    const [cluster] = local.clusters;
    if (cluster === undefined) throw new Error("The local environment has no cluster.");
    const { admin, auditLogPath = "" } = await openControlPlane(join(clustersDirectory(directory), CLUSTER));
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromFile(cluster.kubeconfig);
    await probeRarely(deployed.hub);
    const dispatching = dispatchOften(deployed, stopped.signal);
    return {
      ...deployed,
      local,
      directory,
      awsDirectory,
      faultDirectory,
      zones: cluster.zones,
      kubeConfig,
      kubeconfigPath: cluster.kubeconfig,
      auditLogPath,
      admin,
      async stop() {
        stopped.abort();
        await dispatching;
        await admin.close();
        const keep = process.env["OUTRIGGER_E2E_KEEP"] !== undefined;
        if (keep) copyFileSync(auditLogPath, join(directory, "audit.log"));
        await hosted.stop();
        if (keep) say(`logs are kept in ${directory}`);
        else rmSync(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    stopped.abort();
    await environment?.stop();
    throw error;
  }
}

/** One line of progress. */
export function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 23)} ${line}\n`);
}

/** The cluster as its Cluster Registered event names it. */
export const clusterDetail = () => ({
  name: CLUSTER,
  arn: clusterArn({ name: CLUSTER, region: LOCAL_REGION, accountId: LOCAL_ACCOUNT }),
  discoverInterval: "10s",
});

/** Each dispatch posts the probes of the coming minute: with dispatch every few seconds they would pile up. */
async function probeRarely(hub: Hub): Promise<void> {
  await hub.putEvent("Cluster Updated", { ...clusterDetail(), monitorInterval: "1h", at: new Date().toISOString() });
}

async function dispatchOften({ hub, outputs }: DeployedHub, signal: AbortSignal): Promise<void> {
  const name = outputs["DispatchFunction"] ?? "";
  while (!signal.aborted) {
    // A dispatch that a fault point killed answers with an error: that is what the tests are about.
    await hub.invoke(name, {}).catch(() => undefined);
    await sleep(DISPATCH_MS, undefined, { signal }).catch(() => undefined);
  }
}
