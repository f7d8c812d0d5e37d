import { resolve } from "node:path";
import { hostEnvironment } from "../local/host-client.ts";
import type { LocalKubernetes } from "../local/host-protocol.ts";
import { stateDirectory } from "../local/state.ts";
import { aborted, onInterruption } from "./interruption.ts";
import type { Streams } from "./run.ts";
import { typedPath } from "./typed-path.ts";

interface LocalUpOptions {
  kubernetes: LocalKubernetes;
  clusters: number;
  cluster?: Record<string, string>;
  json: boolean;
  detach: boolean;
}

/** `outrigger local up`: in the foreground until Ctrl-C, or with `--detach` until `outrigger local down`. */
export async function localUp(options: LocalUpOptions, streams: Streams): Promise<void> {
  const interrupted = onInterruption();
  const own = Object.entries(options.cluster ?? {}).map(([name, path]) => [name, resolve(typedPath(path))]);
  const request = {
    directory: stateDirectory(),
    kubernetes: options.kubernetes,
    clusters: Array.from({ length: options.clusters }, (_, index) => `local-${index + 1}`),
    ownClusters: Object.fromEntries(own) as Record<string, string>,
    detached: options.detach,
  };
  const environment = await hostEnvironment(request, (line) => streams.stderr(`${line}\n`), interrupted);
  const { endpoint, clusters } = environment.state;
  if (options.json) streams.stdout(`${JSON.stringify({ endpoint, clusters })}\n`);
  else streams.stdout(describe(environment.state));
  if (options.detach) {
    environment.release();
    return;
  }
  streams.stderr("Ctrl-C stops it.\n");
  await aborted(interrupted);
  await environment.stop();
}

function describe({
  endpoint,
  eksEndpoint,
  clusters,
}: {
  endpoint: string;
  eksEndpoint: string;
  clusters: { name: string; kubeconfig: string; zones: string[] }[];
}): string {
  const lines = clusters.map(
    ({ name, kubeconfig, zones }) => `cluster ${name}: ${zones.join(", ")}\n  export KUBECONFIG=${kubeconfig}\n`,
  );
  return `Local AWS: ${endpoint}\nEKS and zonal shifts: ${eksEndpoint}\n${lines.join("")}Try: npm run -s outrigger -- --local cluster list\n`;
}
