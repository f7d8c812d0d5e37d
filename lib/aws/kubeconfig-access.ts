import { createHash } from "node:crypto";
import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { awsCause, awsErrorCode, ClusterAccessError, isDenied } from "./cluster-access-error.ts";
import type { ResolvedAccess } from "./eks-access.ts";

/** Reads access out of kubeconfigs kept in Secrets Manager. Throws `ClusterAccessError`, which never holds a secret. */
export function createKubeconfigAccess(
  secrets: SecretsManagerClient,
  options: { local: boolean },
): (access: { secret: string }) => Promise<ResolvedAccess> {
  return async ({ secret }) => {
    const text = await readSecret(secrets, secret);
    // With its YAML parser it is loaded by the first cluster that has a kubeconfig: EKS clusters need neither.
    const { authorityIdentity, KubeconfigError, readKubeconfig } = await import("../kubernetes/kubeconfig.ts");
    try {
      const access = readKubeconfig(text, { source: `kubeconfig in secret ${secret}`, local: options.local });
      const fingerprint = createHash("sha256").update(text).digest("hex");
      return { access, identity: authorityIdentity(access), fingerprint };
    } catch (error) {
      if (!(error instanceof KubeconfigError)) throw error;
      throw new ClusterAccessError("KubeconfigRefused", error.message, { cause: error });
    }
  };
}

async function readSecret(secrets: SecretsManagerClient, name: string): Promise<string> {
  try {
    const { SecretString: text, SecretBinary: binary } = await secrets.send(
      new GetSecretValueCommand({ SecretId: name }),
    );
    const value = text ?? Buffer.from(binary ?? []).toString("utf8");
    if (value !== "") return value;
  } catch (error) {
    if (awsErrorCode(error) === "ResourceNotFoundException") {
      throw new ClusterAccessError(
        "SecretUnavailable",
        `there is no secret ${name}; create it with the cluster's kubeconfig as its value`,
        { cause: error },
      );
    }
    if (isDenied(error)) {
      const message = `the secret ${name} cannot be read (${awsCause(error)}); the hub reads secrets whose names the stack's option kubeconfigSecrets allows, outrigger/* by default: rename it or add it there`;
      throw new ClusterAccessError("AccessDenied", message, { cause: error });
    }
    throw new ClusterAccessError("AwsUnavailable", `the secret ${name} cannot be read for now (${awsCause(error)})`, {
      cause: error,
    });
  }
  throw new ClusterAccessError(
    "SecretUnavailable",
    `the secret ${name} is empty; store the cluster's kubeconfig in it`,
  );
}
