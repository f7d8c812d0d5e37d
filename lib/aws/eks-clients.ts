import { EKSClient } from "@aws-sdk/client-eks";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { Access } from "../registry/registration.ts";
import { clientSettings } from "./clients.ts";
import { accessFailure } from "./cluster-access-error.ts";
import type { SigningCredentials } from "./eks-token.ts";

export type EksRegistrationAccess = Extract<Access, { type: "eks" }>;

/** The client for a cluster's region, with the credentials its registration names. Never close one: they are shared. */
export type EksClients = (access: EksRegistrationAccess) => EKSClient;

/** One client per region and role, so that a role is assumed once for everything asked about its clusters. */
export function createEksClients(): EksClients {
  const clients = new Map<string, EKSClient>();
  return (access) => {
    const key = JSON.stringify([access.region, access.roleArn, access.externalId]);
    const client = clients.get(key) ?? createEksClient(access);
    clients.set(key, client);
    return client;
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
    const next =
      "check that the stack's option assumeRoles has it, and that its trust policy names the hub's role and the registration's external id";
    throw accessFailure(error, `the role ${roleArn} of EKS cluster ${access.arn} cannot be assumed`, next);
  } finally {
    sts.destroy();
  }
}
