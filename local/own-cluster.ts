import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { localAws } from "../cli/hub.ts";
import type { ClusterToRegister } from "./cluster.ts";
import type { LocalState } from "./state.ts";

const ZONE_LABEL = "topology.kubernetes.io/zone";

/** Fields of a kubeconfig that name a file, and those that hold its content instead. */
const FILES: Record<string, string> = {
  "certificate-authority": "certificate-authority-data",
  "client-certificate": "client-certificate-data",
  "client-key": "client-key-data",
};

/** A cluster of the user's own. */
export interface OwnCluster {
  name: string;
  /** Where its kubeconfig was read. */
  path: string;
  /** The kubeconfig, standing alone. */
  kubeconfig: string;
  zones: string[];
}

/**
 * Looks at a cluster of the user's.
 * @throws Error when the kubeconfig cannot be read or its cluster does not answer.
 */
export async function readOwnCluster(name: string, path: string): Promise<OwnCluster> {
  const kubeconfig = readKubeconfig(name, path);
  return { name, path, kubeconfig, zones: await readZones(name, kubeconfig) };
}

/**
 * Puts its kubeconfig into a secret of the local AWS, where the hub reads it. Nothing is changed in the cluster; the hub may do
 * there what the kubeconfig's user may.
 */
export async function adoptCluster(hub: Omit<LocalState, "clusters">, cluster: OwnCluster): Promise<ClusterToRegister> {
  const { name, path, kubeconfig, zones } = cluster;
  const secret = `outrigger/${name}`;
  const client = new SecretsManagerClient(localAws(hub));
  await client.send(new CreateSecretCommand({ Name: secret, SecretString: kubeconfig }));
  client.destroy();
  return { name, kubeconfig: path, zones, detail: { name, kubeconfigSecret: secret } };
}

function readKubeconfig(name: string, path: string): string {
  try {
    return inlineFiles(readFileSync(path, "utf8"), dirname(path));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cluster ${name}: its kubeconfig cannot be used: ${cause}. Give --cluster NAME=PATH of a readable kubeconfig.`,
    );
  }
}

/** A kubeconfig that stands alone: contents in the place of paths, which are relative to its folder. */
export function inlineFiles(text: string, folder: string): string {
  const config = parse(text) as { clusters?: Entry[]; users?: Entry[] };
  for (const entry of [...(config.clusters ?? []), ...(config.users ?? [])]) {
    const fields = entry.cluster ?? entry.user ?? {};
    for (const [pathField, dataField] of Object.entries(FILES)) {
      const path = fields[pathField];
      if (typeof path !== "string") continue;
      delete fields[pathField];
      fields[dataField] ??= readFileSync(resolve(folder, path)).toString("base64");
    }
  }
  return stringify(config);
}

interface Entry {
  cluster?: Record<string, unknown>;
  user?: Record<string, unknown>;
}

async function readZones(name: string, kubeconfig: string): Promise<string[]> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  try {
    const { items } = await config.makeApiClient(CoreV1Api).listNode();
    return [...new Set(items.flatMap(({ metadata }) => metadata?.labels?.[ZONE_LABEL] ?? []))].toSorted();
  } catch (error) {
    const cause = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new Error(
      `Cluster ${name}: its nodes cannot be listed: ${cause}. Check its kubeconfig with \`kubectl get nodes\`.`,
    );
  }
}
