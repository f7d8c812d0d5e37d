import { join, resolve } from "node:path";
import { request } from "undici";
import type { TokenReviewServer } from "../token-review.ts";
import { type AdminClient, createAdminClient } from "./admin-client.ts";
import { type Binaries, buildControlPlane } from "./build.ts";
import { etcd, FILES, kubeApiserver, kubeControllerManager, kubeScheduler, kwok, type Ports } from "./components.ts";
import { type ControlPlaneRecord, clearDataFolder, fillDataFolder, readRecord, writeRecord } from "./data-folder.ts";
import { freePorts } from "./free-ports.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { areNodesUsable, createNodes, planNodes } from "./nodes.ts";
import { ProcessEndedError, ProcessGroup, stopRecorded } from "./processes.ts";
import { startTokenReview, type TokenOption } from "./tokens.ts";
import { DEFAULT_STORAGE_CLASS } from "./volume-stages.ts";

export interface ControlPlaneOptions {
  /** The cluster's name, also the one its tokens must carry. */
  name: string;
  /** A folder of its own; created, or emptied when an earlier control plane was in it. */
  dataDir: string;
  /** Default us-east-1a, us-east-1b, us-east-1c. */
  zones?: readonly string[];
  /** Default 2. */
  nodesPerZone?: number;
  /** Absent = only client certificates and service accounts. */
  tokens?: TokenOption;
  /** Writes an audit log at level Metadata. Default false. */
  audit?: boolean;
  /** From Running to Ready for pods whose annotations say nothing, milliseconds. Default 200. */
  podReadyAfterMs?: number;
  /**
   * Unix socket of an HTTP CONNECT proxy into the network of the pods, which run nothing: what the API server is to pass on to a pod goes
   * there. Absent = no pod can be reached.
   */
  podNetworkSocket?: string;
  /** The processes outlive this one. Default false. */
  detached?: boolean;
  /** Told what is being built, when something is. */
  onProgress?: (line: string) => void;
  /** Default: {@link buildControlPlane}. */
  binaries?: Binaries;
}

/** A running Kubernetes control plane with simulated nodes. */
export interface ControlPlane {
  name: string;
  dataDir: string;
  /** https URL. */
  server: string;
  caPem: string;
  /** A user of system:masters. */
  adminKubeconfig: { path: string; text: string };
  /** The same user, for requests from this process. */
  admin: AdminClient;
  /** ISO-8601 UTC. */
  createdAt: string;
  /** e.g. `v1.35.4`. */
  kubernetesVersion: string;
  zones: string[];
  /** One JSON object a line (audit.k8s.io/v1 Event). */
  auditLogPath?: string;
  pids: Record<string, number>;
  /** Kills its processes and waits until they are gone. The data folder stays. */
  stop(): Promise<void>;
}

const DEFAULT_ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"];
/** Ready takes seconds, and one that fails ends by itself; on a machine with much else to do an API server was seen to take a minute. */
const READY_TIMEOUT_MS = 180_000;
const ATTEMPTS = 3;

/** Starts etcd, the API server, controllers, scheduler and simulated nodes on 127.0.0.1; returns when the nodes are Ready. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const binaries =
    options.binaries ?? (await buildControlPlane({ ...(options.onProgress && { onProgress: options.onProgress }) }));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options, binaries);
    } catch (error) {
      const portTaken = error instanceof ProcessEndedError && /address already in use/.test(error.message);
      if (!portTaken || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: ControlPlaneOptions, binaries: Binaries): Promise<ControlPlane> {
  const { name, zones = DEFAULT_ZONES, nodesPerZone = 2, audit = false, detached = false } = options;
  const dataDir = resolve(options.dataDir);
  await clearDataFolder(dataDir, { name });
  const processes = new ProcessGroup(dataDir, detached);
  let tokenReview: TokenReviewServer | undefined;
  let admin: AdminClient | undefined;
  const stop = async (): Promise<void> => {
    await admin?.close();
    await processes.stop();
    await tokenReview?.close();
  };
  try {
    const ports = await choosePorts();
    const server = `https://127.0.0.1:${ports.apiserver}`;
    const { kubernetesVersion } = binaries;
    await startOne(processes, "etcd", etcd(binaries, dataDir, ports));
    const credentials = await fillDataFolder(dataDir, {
      name,
      server,
      kubernetesVersion,
      podReadyAfterMs: options.podReadyAfterMs,
      podNetworkSocket: options.podNetworkSocket,
    });
    admin = createAdminClient(credentials);
    if (options.tokens !== undefined) {
      tokenReview = await startTokenReview(dataDir, name, options.tokens, detached ? processes : undefined);
    }
    await processes.waitFor("etcd", () => answers(`http://127.0.0.1:${ports.etcdClient}/health`), READY_TIMEOUT_MS);
    const features = {
      audit,
      tokenWebhook: options.tokens !== undefined,
      podNetwork: options.podNetworkSocket !== undefined,
    };
    await startOne(processes, "kube-apiserver", kubeApiserver(binaries, dataDir, ports, features));
    const client = admin;
    const nodes = planNodes(zones, nodesPerZone);
    await processes.waitFor(
      "kube-apiserver",
      async () => (await client.request("GET", "/readyz")) === "ok",
      READY_TIMEOUT_MS,
    );
    await Promise.all([
      startOne(processes, "kube-controller-manager", kubeControllerManager(binaries, dataDir)),
      startOne(processes, "kube-scheduler", kubeScheduler(binaries, dataDir)),
      startOne(processes, "kwok", kwok(binaries, dataDir)),
      createNodes(client, nodes),
      client.request("POST", "/apis/storage.k8s.io/v1/storageclasses", DEFAULT_STORAGE_CLASS),
    ]);
    await processes.waitFor("kwok", () => areNodesUsable(client, nodes.length), READY_TIMEOUT_MS);
    const record: ControlPlaneRecord = {
      name,
      ...credentials,
      createdAt: new Date().toISOString(),
      kubernetesVersion,
      zones: [...zones],
      ...(audit ? { auditLogPath: join(dataDir, FILES.auditLog) } : {}),
      pids: processes.pids,
    };
    await writeRecord(dataDir, record);
    return describe(dataDir, record, client, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Takes hold of a control plane that another process started (detached) in this folder. */
export async function openControlPlane(dataDir: string): Promise<ControlPlane> {
  const directory = resolve(dataDir);
  const record = await readRecord(directory);
  const admin = createAdminClient(record);
  return describe(directory, record, admin, async () => {
    await admin.close();
    await stopRecorded(directory);
  });
}

function describe(
  dataDir: string,
  record: ControlPlaneRecord,
  admin: AdminClient,
  stop: () => Promise<void>,
): ControlPlane {
  const { certPem: _certPem, keyPem: _keyPem, auditLogPath, ...rest } = record;
  return {
    ...rest,
    ...(auditLogPath === undefined ? {} : { auditLogPath }),
    dataDir,
    adminKubeconfig: { path: join(dataDir, FILES.adminKubeconfig), text: kubeconfig(record.name, record) },
    admin,
    stop,
  };
}

async function startOne(
  processes: ProcessGroup,
  name: string,
  command: { command: string; args: string[] },
): Promise<void> {
  await processes.start(name, command.command, command.args);
}

async function choosePorts(): Promise<Ports> {
  const [etcdClient = 0, etcdPeer = 0, apiserver = 0] = await freePorts(3);
  return { etcdClient, etcdPeer, apiserver };
}

async function answers(url: string): Promise<boolean> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode === 200;
}
