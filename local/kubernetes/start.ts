import { appendFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type AdminClient, createAdminClient } from "../control-plane/admin-client.ts";
import { createCertificateAuthority } from "../control-plane/certificates.ts";
import { kubeconfig } from "../control-plane/kubeconfig.ts";
import { areNodesUsable, createNodes, planNodes } from "../control-plane/nodes.ts";
import type { ControlPlane, ControlPlaneOptions } from "../control-plane/start.ts";
import { readTokenRules, type TokenOption, writeTokenRules } from "../control-plane/tokens.ts";
import { DEFAULT_STORAGE_CLASS } from "../control-plane/volume-stages.ts";
import type { TokenVerifier } from "../token-review.ts";
import { verifyToken } from "../token-verifier.ts";
import { auditLine } from "./audit.ts";
import { type Clock, realClock } from "./clock.ts";
import { createClusterCore, KUBERNETES_VERSION } from "./cluster.ts";
import { serve } from "./http/serve.ts";

/** The options of the real control plane that mean something here. */
export interface EmbeddedClusterOptions
  extends Pick<
    ControlPlaneOptions,
    "name" | "dataDir" | "zones" | "nodesPerZone" | "tokens" | "audit" | "podReadyAfterMs" | "podNetworkSocket"
  > {
  /** Default: the computer's. */
  clock?: Clock;
  /** From 0 up to 1. Default Math.random. */
  random?: () => number;
}

/** Shaped as the real one; it lives in this process, so `pids` is empty. */
export type EmbeddedCluster = ControlPlane;

const DEFAULT_ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];

/** Starts an embedded Kubernetes API with controllers and simulated nodes on 127.0.0.1; returns when the nodes are Ready. */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { name, zones = DEFAULT_ZONES, nodesPerZone = 2, audit = false, clock = realClock } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const authority = createCertificateAuthority(`${name}-ca`);
  const serving = authority.issue({ commonName: "kube-apiserver", hosts: ["127.0.0.1", "localhost"] });
  const caPem = authority.certPem;
  const auditLogPath = join(dataDir, "audit.log");
  let server = "https://127.0.0.1";
  const core = createClusterCore({
    verify: await verifierOf(name, dataDir, options.tokens),
    caPem,
    address: () => new URL(server).host,
    clock,
    podNetworkSocket: options.podNetworkSocket,
    ...(options.random && { random: options.random }),
    ...(options.podReadyAfterMs === undefined ? {} : { podReadyAfterMs: options.podReadyAfterMs }),
    ...(audit
      ? { onAnswer: (...answer: Parameters<typeof auditLine>) => appendFileSync(auditLogPath, auditLine(...answer)) }
      : {}),
  });
  if (audit) writeFileSync(auditLogPath, "", { mode: 0o600 });
  const listener = await serve(core.handle, { ...serving, caPem, now: () => clock.now() });
  server = listener.url;
  const credentials = {
    server,
    caPem,
    ...authority.issue({ commonName: "local-admin", organizations: ["system:masters"] }),
  };
  const admin = createAdminClient(credentials);
  const stop = async (): Promise<void> => {
    core.stop();
    await admin.close();
    await listener.close();
  };
  try {
    const nodes = planNodes(zones, nodesPerZone);
    await createNodes(admin, nodes);
    await admin.request("POST", "/apis/storage.k8s.io/v1/storageclasses", DEFAULT_STORAGE_CLASS);
    if (options.clock === undefined) await nodesReady(admin, nodes.length);
    const text = kubeconfig(name, credentials);
    const path = join(dataDir, "admin.kubeconfig");
    writeFileSync(path, text, { mode: 0o600 });
    return {
      name,
      dataDir,
      server,
      caPem,
      adminKubeconfig: { path, text },
      admin,
      createdAt: new Date().toISOString(),
      kubernetesVersion: KUBERNETES_VERSION,
      zones: [...zones],
      ...(audit ? { auditLogPath } : {}),
      pids: {},
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function nodesReady(admin: AdminClient, count: number): Promise<void> {
  while (!(await areNodesUsable(admin, count))) await new Promise((done) => setTimeout(done, 5));
}

/** Rules are kept in the data folder, as the real control plane keeps them, and may be changed there. @throws Error for a webhook elsewhere: the embedded API asks in its own process. */
async function verifierOf(
  name: string,
  dataDir: string,
  tokens: TokenOption | undefined,
): Promise<TokenVerifier | undefined> {
  if (tokens === undefined) return undefined;
  if ("verify" in tokens) return tokens.verify;
  if ("url" in tokens) {
    throw new Error(`Cluster ${name} is embedded: its tokens need rules or a function, not the webhook ${tokens.url}.`);
  }
  await writeTokenRules(dataDir, { clusterName: name, ...tokens.rules });
  return async (token) => verifyToken(token, await readTokenRules(dataDir), new Date());
}
