import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { TerminalError } from "../work/verdict.ts";

/**
 * Reads a secret's text. Neither the value nor any part of it is ever logged.
 *
 * @param secret name or ARN.
 * @throws TerminalError `SecretNotFound` when there is no such secret or it holds no text.
 */
export async function readSecret(client: SecretsManagerClient, secret: string): Promise<string> {
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: secret }));
    if (text !== undefined) return text;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    const message = `Secret ${secret} does not exist in Secrets Manager. Create it, or register the cluster with another one.`;
    throw new TerminalError("SecretNotFound", message, { cause: error });
  }
  throw new TerminalError(
    "SecretNotFound",
    `Secret ${secret} holds no text. Store the kubeconfig as its SecretString.`,
  );
}
