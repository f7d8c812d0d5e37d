import { setTimeout as sleep } from "node:timers/promises";
import { ApiextensionsV1Api, KubeConfig } from "@kubernetes/client-node";
import { waitUntilAllProbed } from "../cli/cluster/wait.ts";
import { localAws, openHub } from "../cli/hub.ts";
import { qualifiedName, RESOURCES_OF } from "../lib/registry/capabilities.ts";
import type { ClusterToRegister } from "./cluster.ts";
import type { LocalState } from "./state.ts";

const TIMEOUT_SECONDS = 120;
const POLL_MS = 200;

/** Registers the clusters by events on the bus and waits until each was probed and its custom resources are established. */
export async function registerClusters(
  local: Omit<LocalState, "clusters">,
  clusters: readonly ClusterToRegister[],
  onProgress: (line: string) => void,
): Promise<void> {
  const hub = await openHub({ stack: local.stack, local: true }, localAws(local));
  const sent = await Promise.all(
    clusters.map(async ({ name, detail }) => {
      const at = new Date().toISOString();
      return { name, eventId: await hub.putEvent("Cluster Registered", { ...detail, at }), at };
    }),
  );
  await waitUntilAllProbed(hub, sent, TIMEOUT_SECONDS, ({ registration, health }) =>
    onProgress(`cluster ${registration.name}: registered, ${health?.class ?? "not probed"}`),
  );
  await Promise.all(clusters.map(({ name, kubeconfig }) => waitForCustomResources(name, kubeconfig)));
}

async function waitForCustomResources(cluster: string, kubeconfig: string): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(ApiextensionsV1Api);
  const deadline = Date.now() + TIMEOUT_SECONDS * 1000;
  let missing = Object.values(RESOURCES_OF).flat().map(qualifiedName);
  for (;;) {
    const answers = await Promise.all(missing.map(async (name) => ((await isEstablished(api, name)) ? [] : [name])));
    missing = answers.flat();
    if (missing.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(
        `Cluster ${cluster}: ${missing.join(", ")} not established after ${TIMEOUT_SECONDS} s. ` +
          `See \`outrigger get Discovery ${cluster} --local\` for the reason.`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function isEstablished(api: ApiextensionsV1Api, name: string): Promise<boolean> {
  const definition = await api.readCustomResourceDefinition({ name }).catch(() => undefined);
  return (
    definition?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false
  );
}
