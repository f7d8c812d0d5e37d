import { type ClusterCore, type ClusterCoreOptions, createClusterCore } from "../../../local/kubernetes/cluster.ts";

/** A cluster without a socket, asked as its administrator. */
export interface InProcessCluster {
  core: ClusterCore;
  /** @returns the answer's body. Throws for every status from 400. */
  ask: (method: string, url: string, body?: unknown, contentType?: string) => Promise<unknown>;
}

/** @param zones each gets one node. */
export async function inProcessCluster(
  options: ClusterCoreOptions,
  zones: readonly string[] = ["a", "b", "c"],
): Promise<InProcessCluster> {
  const core = createClusterCore(options);
  const ask: InProcessCluster["ask"] = async (method, url, body, contentType = "application/json") => {
    const { pathname, searchParams } = new URL(url, "https://cluster");
    const response = await core.handle({
      method,
      path: pathname,
      query: searchParams,
      headers: { "content-type": contentType },
      body: body === undefined ? "" : JSON.stringify(body),
      subject: { CN: "admin", O: "system:masters" },
    });
    if (response.status >= 400) throw new Error(`${method} ${url} answered ${JSON.stringify(response.body)}`);
    return response.body;
  };
  for (const zone of zones) {
    await ask("POST", "/api/v1/nodes", {
      metadata: { name: `node-${zone}`, labels: { "topology.kubernetes.io/zone": zone } },
      status: { capacity: { pods: "1000", cpu: "1000", memory: "4Ti" } },
    });
  }
  return { core, ask };
}
