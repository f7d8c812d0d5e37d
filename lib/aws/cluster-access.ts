import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { isLocalHost } from "../registry/local-address.ts";
import { RegistrationRefusedError, type ResolveIdentity } from "../registry/ports.ts";
import type { Access } from "../registry/registration.ts";
import { RetryableError } from "../work/verdict.ts";
import { ClusterAccessError } from "./cluster-access-error.ts";
import { createEksAccess, type ResolvedAccess } from "./eks-access.ts";
import { createEksClients, type EksClients } from "./eks-clients.ts";
import { createKubeconfigAccess } from "./kubeconfig-access.ts";

/** Finds out how a cluster is reached and who it is. Throws `ClusterAccessError`. */
export type ResolveAccess = (access: Access) => Promise<ResolvedAccess>;

export interface AccessOptions {
  secrets: SecretsManagerClient;
  /** The local environment: loopback and link-local endpoints are allowed. */
  local: boolean;
  /** Default: clients of its own. */
  eksClients?: EksClients;
}

/** Access by EKS or by kubeconfig, whichever the registration names. */
export function createAccessResolver({
  secrets,
  local,
  eksClients = createEksClients(),
}: AccessOptions): ResolveAccess {
  const byEks = createEksAccess(eksClients);
  const byKubeconfig = createKubeconfigAccess(secrets, { local });
  return async (access) => {
    const resolved = access.type === "eks" ? await byEks(access) : await byKubeconfig(access);
    return local ? resolved : guarded(resolved);
  };
}

/** Loopback and link-local addresses are the hub itself and the metadata service beside it, no cluster. */
function guarded(resolved: ResolvedAccess): ResolvedAccess {
  const { server } = resolved.access;
  if (isLocalHost(new URL(server).hostname)) {
    const message = `the API server ${server} has a loopback or link-local address, which is refused outside the local environment; give one that leads to the cluster`;
    throw new ClusterAccessError("EndpointRefused", message);
  }
  return { ...resolved, access: { ...resolved.access, refuseAddress: isLocalHost } };
}

/** Who a cluster is, for its registration. */
export function createIdentityResolver(resolveAccess: ResolveAccess): ResolveIdentity {
  return async (access) => {
    try {
      const { identity } = await resolveAccess(access);
      return { identity };
    } catch (error) {
      if (!(error instanceof ClusterAccessError)) throw error;
      if (error.passing) throw new RetryableError(error.message, { cause: error });
      throw new RegistrationRefusedError([error.message]);
    }
  };
}
