import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import { askApi } from "../../cli/api.ts";
import { localAws } from "../../cli/hub.ts";
import type { HealthCheck } from "../../lib/health/row.ts";
import type { Condition } from "../../lib/kubernetes/objects.ts";
import { discoveryKey } from "../../lib/registry/discovery-key.ts";
import type { ClusterView, ResourceView } from "../../lib/registry/query.ts";
import type { WorkKey } from "../../lib/work/keys.ts";
import type { StackOutputs } from "../../local/aws.ts";
import { type ControlPlane, openControlPlane } from "../../local/control-plane/start.ts";
import { hostEnvironment } from "../../local/host-client.ts";
import type { EnvironmentRequest } from "../../local/host-protocol.ts";
import type { LocalState } from "../../local/state.ts";
import { clustersDirectory, instanceDirectory } from "../../local/stop.ts";
import { type DeployedHub, openDeployedHub, say } from "./environment.ts";

/** A stack deployed to a local AWS, with real clusters registered to it. */
export interface Deployed extends DeployedHub {
  local: LocalState;
  /** Everything of the environment is below. */
  directory: string;
  sqs: SQSClient;
  /** The control plane of a cluster that was asked for. @throws Error for an embedded one: it has no programs. */
  cluster(name: string): ControlPlane;
  /** Puts an event on the bus; one about a whole cluster is dated now. @returns its id. */
  send(detailType: string, detail: Record<string, unknown>): Promise<string>;
  /** Stores a kubeconfig. @returns the secret's name. */
  storeKubeconfig(name: string, kubeconfig: unknown): Promise<string>;
  stop(): Promise<void>;
}

/** Deploys the stack, starts the clusters, registers them; everything lives in a folder of its own that goes with it. */
export async function deploy(request: Omit<EnvironmentRequest, "directory">): Promise<Deployed> {
  const directory = await mkdtemp(join(tmpdir(), "outrigger-e2e-"));
  const hosted = await hostEnvironment({ directory, ...request }, say);
  const { state } = hosted;
  const aws = localAws(state);
  const deployed = await openDeployedHub(state, state.stack, await outputsOf(directory, state.stack));
  const sqs = new SQSClient({ ...aws, useQueueUrlAsEndpoint: false });
  const secrets = new SecretsManagerClient(aws);
  const real = request.kubernetes === "embedded" ? [] : request.clusters;
  const opened = await Promise.all(real.map((name) => openControlPlane(join(clustersDirectory(directory), name))));
  return {
    ...deployed,
    local: state,
    directory,
    sqs,
    cluster(name) {
      const found = opened.find((each) => each.name === name);
      if (found === undefined)
        throw new Error(`There is no cluster ${name}; deploy was asked for ${request.clusters}.`);
      return found;
    },
    send(detailType, detail) {
      const dated = detailType.startsWith("Cluster ") ? { at: new Date().toISOString() } : {};
      return deployed.hub.putEvent(detailType, { ...dated, ...detail });
    },
    async storeKubeconfig(name, kubeconfig) {
      const Name = `outrigger/${name}`;
      await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(kubeconfig) }));
      return Name;
    },
    async stop() {
      await Promise.all(opened.map(({ admin }) => admin.close()));
      await hosted.stop();
      if (process.env["OUTRIGGER_E2E_KEEP"] !== undefined) say(`logs are kept in ${directory}`);
      else await rm(directory, { recursive: true, force: true });
    },
  };
}

async function outputsOf(directory: string, stack: string): Promise<StackOutputs> {
  const file = join(instanceDirectory(directory), "aws", `outputs-${stack}.json`);
  const written = JSON.parse(await readFile(file, "utf8")) as Record<string, StackOutputs>;
  return written[stack] ?? {};
}

/** What is not ok with a cluster, as `reason: message` lines; `class` alone when nothing is wrong. */
export async function healthOf({ hub }: Deployed, cluster: string): Promise<string> {
  const { health } = (await askApi(hub, { action: "cluster.get", name: cluster })) as ClusterView;
  const failed = (health?.checks ?? []).filter(({ ok }: HealthCheck) => !ok);
  return [health?.class ?? "NotProbed", ...failed.map(({ reason, message }) => `${reason}: ${message}`)].join("\n");
}

/** Phase and conditions of what the hub keeps for a key, one a line. */
export async function hubStatusOf({ hub }: Deployed, key: WorkKey): Promise<string> {
  const { status } = (await askApi(hub, { action: "resource.get", key })) as ResourceView;
  return describeStatus(status);
}

export const discoveryOf = (deployed: Deployed, cluster: string): Promise<string> =>
  hubStatusOf(deployed, discoveryKey(cluster));

export const rolloutKey = (cluster: string, namespace: string, name: string): WorkKey => ({
  cluster,
  home: "cluster",
  kind: "MultiAZRollout",
  namespace,
  name,
});

/** `Phase`, then `Type=Status Reason: message` lines. */
export function describeStatus(status: unknown): string {
  const { phase = "", conditions = [] } = (status ?? {}) as { phase?: string; conditions?: Condition[] };
  const lines = conditions.map(({ type, status: value, reason, message }) => `${type}=${value} ${reason}: ${message}`);
  return [phase, ...lines].join("\n");
}
