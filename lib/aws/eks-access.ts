import { X509Certificate } from "node:crypto";
import { type Cluster, DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { ClusterAccess } from "../kubernetes/client.ts";
import type { Access } from "../registry/registration.ts";
import { clientSettings } from "./clients.ts";
import { awsCause, awsErrorCode, ClusterAccessError, isDenied } from "./cluster-access-error.ts";
import { type CredentialSource, createEksTokenSource, type SigningCredentials } from "./eks-token.ts";

/** How to reach a cluster, and who it is. */
export interface ResolvedAccess {
  access: ClusterAccess;
  /** See `Registration.identity`. */
  identity: string;
  /** Changes when anything in `access` does. */
  fingerprint: string;
  /** Kubernetes version as AWS says, e.g. `1.35`. */
  version?: string;
}

type EksRegistrationAccess = Extract<Access, { type: "eks" }>;

/** A cluster that is being updated answers like an active one. */
const USABLE_STATES: readonly string[] = ["ACTIVE", "UPDATING"];

/** Asks EKS about clusters: one client per region and role. Throws `ClusterAccessError`. */
export function createEksAccess(): (access: EksRegistrationAccess) => Promise<ResolvedAccess> {
  const clients = new Map<string, EKSClient>();
  return async (access) => {
    const key = JSON.stringify([access.region, access.roleArn, access.externalId]);
    const client = clients.get(key) ?? createEksClient(access);
    clients.set(key, client);
    const cluster = await describe(client, access);
    return resolve(access, cluster, (options) => client.config.credentials(options));
  };
}

function createEksClient(access: EksRegistrationAccess): EKSClient {
  const { region, roleArn } = access;
  const credentials = roleArn === undefined ? {} : { credentials: () => assumeRole(access, roleArn) };
  return new EKSClient({ ...clientSettings(), region, ...credentials });
}

/** Called by the SDK, which keeps the credentials until shortly before they expire. */
async function assumeRole(access: EksRegistrationAccess, roleArn: string): Promise<SigningCredentials> {
  const { region, externalId } = access;
  const sts = new STSClient({ ...clientSettings(), region });
  try {
    const { Credentials: assumed } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: "outrigger",
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      }),
    );
    if (assumed?.AccessKeyId === undefined || assumed.SecretAccessKey === undefined) {
      throw new Error("STS returned no credentials");
    }
    return {
      accessKeyId: assumed.AccessKeyId,
      secretAccessKey: assumed.SecretAccessKey,
      ...(assumed.SessionToken === undefined ? {} : { sessionToken: assumed.SessionToken }),
      ...(assumed.Expiration === undefined ? {} : { expiration: assumed.Expiration }),
    };
  } catch (error) {
    const next = "check that its trust policy names the hub's role and the registration's external id";
    throw failed(error, `the role ${roleArn} of EKS cluster ${access.arn} cannot be assumed`, next);
  } finally {
    sts.destroy();
  }
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
    throw failed(error, `EKS cluster ${arn} cannot be described`, next);
  }
}

function failed(error: unknown, what: string, nextStep: string): ClusterAccessError {
  if (isDenied(error)) {
    return new ClusterAccessError("AccessDenied", `${what} (${awsCause(error)}); ${nextStep}`, { cause: error });
  }
  return new ClusterAccessError("AwsUnavailable", `${what} for now (${awsCause(error)})`, { cause: error });
}

function resolve(access: EksRegistrationAccess, cluster: Cluster, credentials: CredentialSource): ResolvedAccess {
  const { arn, clusterName, region } = access;
  const { status = "unknown", endpoint, certificateAuthority, createdAt, version } = cluster;
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
    ...(version === undefined ? {} : { version }),
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
