import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { Pool } from "undici";
import type { ClusterAccess, KubernetesClient, ResourceType } from "../../lib/kubernetes/client.ts";
import { readKubeconfig } from "../../lib/kubernetes/kubeconfig.ts";
import { createKubernetesClient } from "../../lib/kubernetes/transport.ts";
import { startControlPlane } from "../../local/control-plane/start.ts";
import { type Bench, type Call, median, rounded, throughput } from "./bench.ts";
import { countConnections } from "./connection-counter.ts";

const CONFIG_MAPS: ResourceType = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true };
const OBJECT = { namespace: "default", name: "bench" };
const PATH = `/api/v1/namespaces/${OBJECT.namespace}/configmaps/${OBJECT.name}`;
const CALLERS = [1, 10] as const;
const ROUNDS = 12;
const ROUND_MS = 400;
const COUNTED_CALLS = 1_000;

interface Contender {
  call: Call;
  close: () => unknown;
}

/**
 * Our transport against the barest loop that does the same work (GET, whole body, JSON.parse) over kept-alive
 * connections, and against client-node, on one real API server. Each round runs all of them one after the other, in an
 * order that turns; a ratio is the median of the rounds' ratios, the bare loop being the faster of two in its round.
 */
export const bench: Bench = async (log) => {
  const folder = await mkdtemp(join(tmpdir(), "bench-client-"));
  const cluster = await startControlPlane({
    name: "bench",
    dataDir: join(folder, "cluster"),
    nodesPerZone: 1,
    onProgress: log,
  });
  try {
    const access = readKubeconfig(cluster.adminKubeconfig.text, { source: "the bench's kubeconfig" });
    await createObject(access);
    const contenders = openContenders(access, cluster.adminKubeconfig.text);
    try {
      const figures = await compare(contenders, log);
      return { ...figures, sockets: await countSockets(access) };
    } finally {
      await Promise.all(Object.values(contenders).map(({ close }) => close()));
    }
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

async function createObject(access: ClusterAccess): Promise<void> {
  const client = createKubernetesClient(access);
  const data = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`key-${index}`, "v".repeat(40)]));
  await client.create(CONFIG_MAPS, { metadata: OBJECT, data } as { metadata: typeof OBJECT });
  await client.close();
}

function openContenders(
  access: ClusterAccess,
  kubeconfig: string,
): Record<"ours" | "undici" | "https" | "clientNode", Contender> {
  return {
    ours: ours(createKubernetesClient(access)),
    undici: bareUndici(access),
    https: bareHttps(access),
    clientNode: clientNode(kubeconfig),
  };
}

function ours(client: KubernetesClient): Contender {
  return { call: () => client.get(CONFIG_MAPS, OBJECT), close: () => client.close() };
}

function tls({ caPem, clientCertificate }: ClusterAccess): { ca: string; cert: string; key: string } {
  return { ca: caPem ?? "", cert: clientCertificate?.certPem ?? "", key: clientCertificate?.keyPem ?? "" };
}

function bareUndici(access: ClusterAccess): Contender {
  const pool = new Pool(access.server, { connections: 10, pipelining: 1, allowH2: false, connect: tls(access) });
  const call: Call = () =>
    new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      pool.dispatch(
        { method: "GET", path: PATH },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (_controller, chunk) => void chunks.push(chunk),
          onResponseEnd: () => resolve(JSON.parse(Buffer.concat(chunks).toString())),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  return { call, close: () => pool.close() };
}

function bareHttps(access: ClusterAccess): Contender {
  const agent = new Agent({ keepAlive: true, maxSockets: 10, ...tls(access) });
  const call: Call = () =>
    new Promise((resolve, reject) => {
      const sent = request(`${access.server}${PATH}`, { agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => void chunks.push(chunk));
        response.on("end", () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      });
      sent.on("error", reject);
      sent.end();
    });
  return { call, close: () => agent.destroy() };
}

function clientNode(kubeconfig: string): Contender {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  return { call: () => api.readNamespacedConfigMap(OBJECT), close: () => undefined };
}

async function compare(
  contenders: Record<string, Contender>,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const names = Object.keys(contenders);
  const figures: Record<string, number> = {};
  for (const callers of CALLERS) {
    for (const name of names) await throughput(contenders[name]?.call ?? fail, callers, ROUND_MS / 2);
    const rounds: Record<string, number>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const results: Record<string, number> = {};
      for (let turn = 0; turn < names.length; turn += 1) {
        const name = names[(turn + round) % names.length] ?? "";
        results[name] = await throughput(contenders[name]?.call ?? fail, callers, ROUND_MS);
      }
      rounds.push(results);
    }
    const of = (name: string): number[] => rounds.map((round) => round[name] ?? Number.NaN);
    const bare = rounds.map(({ undici = 0, https = 0 }) => Math.max(undici, https));
    const ratio = (name: string): number =>
      rounded(median(of(name).map((value, round) => value / (bare[round] ?? Number.NaN))));
    figures[`ratio${callers}`] = ratio("ours");
    figures[`client_node_ratio${callers}`] = ratio("clientNode");
    figures[`per_second${callers}`] = Math.round(median(of("ours")));
    const medians = names.map((name) => `${name} ${Math.round(median(of(name)))}/s`);
    log(`${callers} ${callers === 1 ? "caller" : "callers"}: ${medians.join(", ")}`);
  }
  return figures;
}

function fail(): Promise<never> {
  return Promise.reject(new Error("no such contender"));
}

/** Connections that a fresh client of ours opens for a thousand calls by ten callers, counted outside of it. */
async function countSockets(access: ClusterAccess): Promise<number> {
  const counter = await countConnections(Number(new URL(access.server).port));
  const client = createKubernetesClient({ ...access, server: `https://127.0.0.1:${counter.port}` });
  try {
    let left = COUNTED_CALLS;
    const loop = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await client.get(CONFIG_MAPS, OBJECT);
      }
    };
    await Promise.all(Array.from({ length: 10 }, loop));
    return counter.count();
  } finally {
    await client.close();
    await counter.stop();
  }
}
