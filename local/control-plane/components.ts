import { join } from "node:path";
import type { Binaries } from "./build.ts";

/** Ports of 127.0.0.1, one per listener. */
export interface Ports {
  etcdClient: number;
  etcdPeer: number;
  apiserver: number;
}

/** A program with its arguments. */
export interface Command {
  command: string;
  args: string[];
}

const LOOPBACK = "127.0.0.1";
const SERVICE_RANGE = "172.20.0.0/16";

/** Files below the data folder that more than one component reads. */
export const FILES = {
  caCertificate: "ca.crt",
  caKey: "ca.key",
  servingCertificate: "serving.crt",
  servingKey: "serving.key",
  serviceAccountKey: "service-account.key",
  serviceAccountPublicKey: "service-account.pub",
  adminKubeconfig: "admin.kubeconfig",
  controllersKubeconfig: "controllers.kubeconfig",
  schedulerKubeconfig: "scheduler.kubeconfig",
  kubeletsKubeconfig: "kubelets.kubeconfig",
  tokenWebhook: "token-webhook.kubeconfig",
  auditPolicy: "audit-policy.json",
  auditLog: "audit.log",
  stages: "stages.yaml",
  egress: "egress.json",
} as const;

export function etcd(binaries: Binaries, directory: string, ports: Ports): Command {
  const [client, peer] = [`http://${LOOPBACK}:${ports.etcdClient}`, `http://${LOOPBACK}:${ports.etcdPeer}`];
  return {
    command: binaries.etcd,
    args: [
      "--name=local",
      `--data-dir=${join(directory, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=local=${peer}`,
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
  };
}

/** @param features which of the optional files exist. */
export function kubeApiserver(
  binaries: Binaries,
  directory: string,
  ports: Ports,
  features: { audit: boolean; tokenWebhook: boolean; podNetwork: boolean },
): Command {
  const file = (name: keyof typeof FILES): string => join(directory, FILES[name]);
  const audit = [
    `--audit-policy-file=${file("auditPolicy")}`,
    `--audit-log-path=${file("auditLog")}`,
    "--audit-log-maxsize=4096",
  ];
  const tokens = [
    `--authentication-token-webhook-config-file=${file("tokenWebhook")}`,
    "--authentication-token-webhook-version=v1",
    "--authentication-token-webhook-cache-ttl=10s",
  ];
  return {
    command: binaries.kubeApiserver,
    args: [
      `--etcd-servers=http://${LOOPBACK}:${ports.etcdClient}`,
      `--secure-port=${ports.apiserver}`,
      `--bind-address=${LOOPBACK}`,
      `--advertise-address=${LOOPBACK}`,
      "--endpoint-reconciler-type=none",
      `--cert-dir=${join(directory, "apiserver")}`,
      `--tls-cert-file=${file("servingCertificate")}`,
      `--tls-private-key-file=${file("servingKey")}`,
      `--client-ca-file=${file("caCertificate")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${file("serviceAccountPublicKey")}`,
      `--service-account-signing-key-file=${file("serviceAccountKey")}`,
      `--service-cluster-ip-range=${SERVICE_RANGE}`,
      "--authorization-mode=RBAC",
      "--profiling=false",
      ...(features.audit ? audit : []),
      ...(features.tokenWebhook ? tokens : []),
      ...(features.podNetwork ? [`--egress-selector-config-file=${file("egress")}`] : []),
    ],
  };
}

export function kubeControllerManager(binaries: Binaries, directory: string): Command {
  return {
    command: binaries.kubeControllerManager,
    args: [
      `--kubeconfig=${join(directory, FILES.controllersKubeconfig)}`,
      `--service-account-private-key-file=${join(directory, FILES.serviceAccountKey)}`,
      `--root-ca-file=${join(directory, FILES.caCertificate)}`,
      "--controllers=*,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller",
      "--leader-elect=false",
      "--concurrent-statefulset-syncs=10",
      "--kube-api-qps=500",
      "--kube-api-burst=1000",
      "--secure-port=0",
      "--profiling=false",
    ],
  };
}

export function kubeScheduler(binaries: Binaries, directory: string): Command {
  return {
    command: binaries.kubeScheduler,
    args: [
      `--kubeconfig=${join(directory, FILES.schedulerKubeconfig)}`,
      "--leader-elect=false",
      "--kube-api-qps=500",
      "--kube-api-burst=1000",
      "--secure-port=0",
      "--profiling=false",
    ],
  };
}

export function kwok(binaries: Binaries, directory: string): Command {
  return {
    command: binaries.kwok,
    args: [
      `--kubeconfig=${join(directory, FILES.kubeletsKubeconfig)}`,
      `--config=${join(directory, FILES.stages)}`,
      "--manage-all-nodes",
      "--cidr=10.128.0.0/16",
      `--node-ip=${LOOPBACK}`,
      "--node-lease-duration-seconds=40",
    ],
  };
}

/** The policy: one line per finished request (and one more when a watch starts), without bodies. */
export const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [{ level: "Metadata" }],
};

/** How the API server reaches pods: through an HTTP CONNECT proxy on a Unix socket. */
export const egressConfiguration = (udsName: string): object => ({
  apiVersion: "apiserver.k8s.io/v1beta1",
  kind: "EgressSelectorConfiguration",
  egressSelections: [
    { name: "cluster", connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName } } } },
  ],
});

/** The kwok configuration of a simulated kubelet that keeps up with sixty pods at once on two cores. */
export const KWOK_CONFIGURATION = {
  apiVersion: "config.kwok.x-k8s.io/v1alpha1",
  kind: "KwokConfiguration",
  options: {
    podPlayStageParallelism: 16,
    nodePlayStageParallelism: 4,
    nodeLeaseParallelism: 4,
    podsOnNodeSyncParallelism: 1,
    enableDebuggingHandlers: false,
  },
};
