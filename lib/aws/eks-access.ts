import { X509Certificate } from "node:crypto";
import { type Cluster, DescribeClusterCommand, type EKSClient } from "@aws-sdk/client-eks";
import type { ClusterAccess } from "../kubernetes/client.ts";
import { accessFailure, awsErrorCode, ClusterAccessError } from "./cluster-access-error.ts";
import type { EksClients, EksRegistrationAccess } from "./eks-clients.ts";
import { type CredentialSource, createEksTokenSource } from "./eks-token.ts";

/** How to reach a cluster, and who it is. */
export interface ResolvedAccess {
  access: ClusterAccess;
  /** See `Registration.identity`. */
  identity: string;
  /** Changes when anything in `access` does. */
  fingerprint: string;
}

/** A cluster that is being updated answers like an active one. */
const USABLE_STATES: readonly string[] = ["ACTIVE", "UPDATING"];

/** Asks EKS about clusters. Throws `ClusterAccessError`. */
export function createEksAccess(clientOf: EksClients): (access: EksRegistrationAccess) => Promise<ResolvedAccess> {
  return async (access) => {
    const client = clientOf(access);
    const cluster = await describe(client, access);
    return resolve(access, cluster, (options) => client.config.credentials(options));
  };
}

async function describe(client: EKSClient, access: EksRegistrationAccess): Promise<Cluster> {
  const { arn, clusterName, region } = access;
  try {
    const { cluster } = await client.send(new DescribeClusterCommand({ name: clusterName }));
    if (cluster !== undefined) return cluster;
    throw new Error("EKS returned no cluster");
  } catch (error) {
    if (error instanceof ClusterAccessError) throw error;
    if (awsErrorCode(error) === "ResourceNotFoundException") {
      const message = `there is no EKS cluster ${clusterName} in ${region} (${arn}); register a cluster that exists, or deregister this one`;
      throw new ClusterAccessError("ClusterUnknown", message, { cause: error });
    }
    const next = "allow eks:DescribeCluster to the hub's role, or to the role the registration names";
    throw accessFailure(error, `EKS cluster ${arn} cannot be described`, next);
  }
}

function resolve(access: EksRegistrationAccess, cluster: Cluster, credentials: CredentialSource): ResolvedAccess {
  const { arn, clusterName, region } = access;
  const { status = "unknown", endpoint, certificateAuthority, createdAt } = cluster;
  if (cluster.arn !== undefined && cluster.arn !== arn) {
    const message = `the credentials for EKS cluster ${arn} lead to ${cluster.arn}, a cluster of another account; name a role of account ${access.accountId}`;
    throw new ClusterAccessError("ClusterUnknown", message);
  }
  if (!USABLE_STATES.includes(status) || endpoint === undefined || createdAt === undefined) {
    const message = `EKS cluster ${arn} is ${status}, not ACTIVE; wait until it is, or look into it with \`aws eks describe-cluster --name ${clusterName} --region ${region}\``;
    throw new ClusterAccessError("ClusterNotActive", message);
  }
  const caPem = Buffer.from(certificateAuthority?.data ?? "", "base64").toString("utf8");
  if (!isCertificate(caPem)) {
    const message = `EKS describes cluster ${arn} without a certificate authority; wait until it is fully active`;
    throw new ClusterAccessError("ClusterNotActive", message);
  }
  const server = endpoint.replace(/\/+$/, "");
  return {
    access: { server, caPem, token: createEksTokenSource({ clusterName, region }, credentials) },
    identity: `${arn}@${createdAt.toISOString()}`,
    fingerprint: JSON.stringify([server, caPem]),
  };
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
