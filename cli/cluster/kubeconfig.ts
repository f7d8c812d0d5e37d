import { readFileSync } from "node:fs";
import type { Access } from "../../lib/registry/registration.ts";
import { askApi } from "../api.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure } from "../failure.ts";
import type { Hub } from "../hub.ts";
import { printData } from "../output.ts";
import { ClusterView } from "../views.ts";

type EksAccess = Extract<Access, { type: "eks" }>;

/**
 * `outrigger cluster kubeconfig NAME`: a kubeconfig for kubectl, with the caller's own credentials: what people may do in the
 * cluster is theirs, not the hub's.
 */
export async function showKubeconfig(environment: CommandEnvironment, name: string): Promise<void> {
  const { output } = environment;
  const kubeconfig = await findKubeconfig(await environment.hub(), name);
  if (typeof kubeconfig === "string") return output.line(kubeconfig.trimEnd());
  // A kubeconfig is YAML unless asked otherwise.
  await printData({ ...output, format: output.format === "json" ? "json" : "yaml" }, kubeconfig);
}

/** The kubeconfig of a registered cluster: as it is kept, or for one reached by EKS as data. */
export async function findKubeconfig(hub: Hub, name: string): Promise<string | ReturnType<typeof eksKubeconfig>> {
  const { registration } = ClusterView.parse(await askApi(hub, { action: "cluster.get", name }));
  const kept = await localKubeconfig(hub, name);
  if (kept !== undefined) return kept;
  const { access } = registration;
  if (access.type === "kubeconfig") return readSecret(hub, access.secret);
  return eksKubeconfig(name, access, await describeCluster(hub, name, access));
}

/** A kubeconfig whose user asks the AWS CLI for a token. `certificate`: base64 of the authority's PEM. */
export function eksKubeconfig(
  name: string,
  { clusterName, region, roleArn }: EksAccess,
  { endpoint, certificate }: { endpoint: string; certificate: string },
) {
  const args = ["--region", region, "eks", "get-token", "--cluster-name", clusterName, "--output", "json"];
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "aws",
    args: roleArn === undefined ? args : [...args, "--role-arn", roleArn],
    interactiveMode: "IfAvailable",
  };
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: endpoint, "certificate-authority-data": certificate } }],
    users: [{ name, user: { exec } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  };
}

/** The local environment keeps an administrator's kubeconfig of each of its clusters. */
async function localKubeconfig(hub: Hub, name: string): Promise<string | undefined> {
  if (hub.aws.endpoint === undefined) return undefined;
  const { readLocalState } = await import("../../local/state.ts");
  const path = readLocalState()?.clusters.find((cluster) => cluster.name === name)?.kubeconfig;
  return path === undefined ? undefined : readFileSync(path, "utf8");
}

async function describeCluster(
  hub: Hub,
  name: string,
  { clusterName, region }: EksAccess,
): Promise<{ endpoint: string; certificate: string }> {
  const { DescribeClusterCommand, EKSClient } = await import("@aws-sdk/client-eks");
  const client = new EKSClient({ ...hub.aws, region });
  try {
    const { cluster } = await client.send(new DescribeClusterCommand({ name: clusterName }));
    const { endpoint, certificateAuthority } = cluster ?? {};
    const certificate = certificateAuthority?.data;
    if (endpoint !== undefined && certificate !== undefined) return { endpoint, certificate };
    throw new Error(`it has no endpoint yet (status ${cluster?.status ?? "unknown"})`);
  } catch (error) {
    throw failure(`Cluster ${name}`, error, "Your own credentials need eks:DescribeCluster in its account and region");
  } finally {
    client.destroy();
  }
}

async function readSecret(hub: Hub, secret: string): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import("@aws-sdk/client-secrets-manager");
  const client = new SecretsManagerClient({ ...hub.aws });
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secret }));
    if (SecretString === undefined) throw new Error("it holds no text");
    return SecretString;
  } catch (error) {
    throw failure(`Secret ${secret}`, error, "Your own credentials need secretsmanager:GetSecretValue on it");
  } finally {
    client.destroy();
  }
}

function failure(object: string, error: unknown, nextStep: string): CommandFailure {
  const cause = error instanceof Error ? error.message : String(error);
  return new CommandFailure({ object, cause, nextStep }, { cause: error });
}
