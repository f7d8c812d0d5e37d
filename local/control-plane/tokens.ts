import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { serveTokenReviews, type TokenReviewServer, type TokenVerifier } from "../token-review.ts";
import { serveTokenRules, TokenRulesFile, type TokenWebhookConfig } from "../token-webhook.ts";
import { FILES } from "./components.ts";
import { freePorts } from "./free-ports.ts";
import { webhookKubeconfig } from "./kubeconfig.ts";
import { type ProcessGroup, writeAtomically } from "./processes.ts";

/** How a control plane has bearer tokens judged. */
export type TokenOption =
  /** A TokenReview webhook that runs already. */
  | { url: string; caPem: string }
  /** Asked in this process; not for detached control planes. */
  | { verify: TokenVerifier }
  /** EKS tokens by rules kept in the data folder (`clusterName` defaults to the control plane's name). */
  | { rules: Omit<TokenRulesFile, "clusterName"> & { clusterName?: string } };

const RULES_FILE = "tokens.json";
const WEBHOOK_CONFIG_FILE = "token-webhook.json";
const WEBHOOK_PROGRAM = join(import.meta.dirname, "..", "token-webhook.ts");

/**
 * Writes the webhook's kubeconfig for kube-apiserver and starts the webhook: in this process, or as one of the group
 * when the control plane is to outlive this process.
 */
export async function startTokenReview(
  directory: string,
  name: string,
  option: TokenOption,
  processes: ProcessGroup | undefined,
): Promise<TokenReviewServer | undefined> {
  const caPem = "url" in option ? option.caPem : await readFile(join(directory, FILES.caCertificate), "utf8");
  const useUrl = (url: string): Promise<void> =>
    writeAtomically(join(directory, FILES.tokenWebhook), webhookKubeconfig(url, caPem));
  if ("url" in option) {
    await useUrl(option.url);
    return undefined;
  }
  const [keyFile, certFile] = [join(directory, FILES.servingKey), join(directory, FILES.servingCertificate)];
  if ("verify" in option) {
    if (processes !== undefined) {
      throw new Error(
        `Control plane ${name} is detached: its tokens need rules or a URL, a function ends with this process.`,
      );
    }
    const [keyPem, certPem] = await Promise.all([readFile(keyFile, "utf8"), readFile(certFile, "utf8")]);
    const server = await serveTokenReviews({ verify: option.verify, keyPem, certPem });
    await useUrl(server.url);
    return server;
  }
  await writeTokenRules(directory, { clusterName: name, ...option.rules });
  const config: TokenWebhookConfig = { port: 0, keyFile, certFile, rulesFile: join(directory, RULES_FILE) };
  if (processes === undefined) {
    const server = await serveTokenRules(config, (line) =>
      appendFileSync(join(directory, "logs", "token-webhook.log"), line),
    );
    await useUrl(server.url);
    return server;
  }
  const [port = 0] = await freePorts(1);
  const configFile = join(directory, WEBHOOK_CONFIG_FILE);
  await writeAtomically(configFile, JSON.stringify({ ...config, port }));
  await processes.start("token-webhook", process.execPath, [WEBHOOK_PROGRAM, "--config", configFile]);
  await useUrl(`https://127.0.0.1:${port}/`);
  return undefined;
}

/** Replaces the token rules of a running control plane; they hold from the next token that is not cached (10 s). */
export async function writeTokenRules(directory: string, rules: TokenRulesFile): Promise<void> {
  await writeAtomically(join(directory, RULES_FILE), JSON.stringify(TokenRulesFile.parse(rules)));
}

/** @throws Error when the control plane in this folder keeps no token rules. */
export async function readTokenRules(directory: string): Promise<TokenRulesFile> {
  return TokenRulesFile.parse(JSON.parse(await readFile(join(directory, RULES_FILE), "utf8")));
}
