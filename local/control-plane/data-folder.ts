import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { AdminCredentials } from "./admin-client.ts";
import { createCertificateAuthority, createServiceAccountKey } from "./certificates.ts";
import { AUDIT_POLICY, egressConfiguration, FILES, KWOK_CONFIGURATION } from "./components.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { nodeStages } from "./node-stages.ts";
import { podStages } from "./pod-stages.ts";
import { stopRecorded, writeAtomically } from "./processes.ts";
import { volumeStages } from "./volume-stages.ts";

const RECORD_FILE = "control-plane.json";

/** What another process needs to use a control plane that this one started. */
export const ControlPlaneRecord = z.strictObject({
  name: z.string().min(1),
  server: z.string(),
  caPem: z.string(),
  certPem: z.string(),
  keyPem: z.string(),
  /** ISO-8601 UTC. */
  createdAt: z.string(),
  kubernetesVersion: z.string(),
  zones: z.array(z.string()),
  auditLogPath: z.string().optional(),
  pids: z.record(z.string(), z.int()),
});
export type ControlPlaneRecord = z.infer<typeof ControlPlaneRecord>;

/**
 * Makes the folder empty: what an earlier control plane left in it is stopped and removed.
 * @throws Error when it holds something else.
 */
export async function clearDataFolder(directory: string, record: Partial<ControlPlaneRecord>): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const entries = await readdir(directory);
  if (entries.length > 0 && !entries.includes(RECORD_FILE)) {
    throw new Error(
      `${directory} holds files of something else than a local control plane. Name an empty or a new folder.`,
    );
  }
  await stopRecorded(directory);
  await Promise.all(entries.map((entry) => rm(join(directory, entry), { recursive: true, force: true })));
  await writeAtomically(join(directory, RECORD_FILE), JSON.stringify(record));
}

export async function writeRecord(directory: string, record: ControlPlaneRecord): Promise<void> {
  await writeAtomically(join(directory, RECORD_FILE), JSON.stringify(record));
}

/** @throws Error when no control plane was started completely in this folder. */
export async function readRecord(directory: string): Promise<ControlPlaneRecord> {
  const parsed = ControlPlaneRecord.safeParse(
    JSON.parse(await readFile(join(directory, RECORD_FILE), "utf8").catch(() => "null")),
  );
  if (!parsed.success) throw new Error(`${directory} holds no started control plane. Start one there first.`);
  return parsed.data;
}

/** Writes keys, certificates, kubeconfigs, the audit policy and the stages. */
export async function fillDataFolder(
  directory: string,
  options: {
    name: string;
    server: string;
    kubernetesVersion: string;
    podReadyAfterMs: number | undefined;
    podNetworkSocket: string | undefined;
  },
): Promise<AdminCredentials> {
  const { name, server, kubernetesVersion, podReadyAfterMs, podNetworkSocket } = options;
  const authority = createCertificateAuthority(`${name}-ca`);
  const serving = authority.issue({
    commonName: "kube-apiserver",
    hosts: ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "172.20.0.1"],
  });
  const client = (commonName: string, ...organizations: string[]): AdminCredentials => ({
    server,
    caPem: authority.certPem,
    ...authority.issue({ commonName, organizations }),
  });
  const admin = client("local-admin", "system:masters");
  const serviceAccount = createServiceAccountKey();
  const stages = [
    KWOK_CONFIGURATION,
    ...nodeStages(kubernetesVersion),
    ...podStages(podReadyAfterMs),
    ...volumeStages(),
  ];
  const contents: [keyof typeof FILES, string][] = [
    ["caCertificate", authority.certPem],
    ["caKey", authority.keyPem],
    ["servingCertificate", serving.certPem],
    ["servingKey", serving.keyPem],
    ["serviceAccountKey", serviceAccount.privatePem],
    ["serviceAccountPublicKey", serviceAccount.publicPem],
    ["adminKubeconfig", kubeconfig(name, admin)],
    ["controllersKubeconfig", kubeconfig(name, client("system:kube-controller-manager", "system:masters"))],
    ["schedulerKubeconfig", kubeconfig(name, client("system:kube-scheduler"))],
    ["kubeletsKubeconfig", kubeconfig(name, client("local-kubelets", "system:masters"))],
    ["auditPolicy", JSON.stringify(AUDIT_POLICY)],
    ...(podNetworkSocket === undefined
      ? []
      : ([["egress", JSON.stringify(egressConfiguration(podNetworkSocket))]] satisfies [keyof typeof FILES, string][])),
    ["stages", stages.map((stage) => JSON.stringify(stage)).join("\n---\n")],
  ];
  await Promise.all(contents.map(([file, text]) => writeAtomically(join(directory, FILES[file]), text)));
  return admin;
}
