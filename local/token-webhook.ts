import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { serveTokenReviews, type TokenReviewServer } from "./token-review.ts";
import { verifyToken } from "./token-verifier.ts";

/** File form of {@link TokenRules}; read again for every token, so that editing it is enough. */
export const TokenRulesFile = z.strictObject({
  clusterName: z.string().min(1),
  credentials: z.array(
    z.strictObject({
      accessKeyId: z.string().min(1),
      secretAccessKey: z.string().min(1),
      sessionToken: z.string().min(1).optional(),
      arn: z.string().min(1),
    }),
  ),
  accessEntries: z.array(
    z.strictObject({ arn: z.string().min(1), username: z.string().min(1), groups: z.array(z.string()) }),
  ),
});
export type TokenRulesFile = z.infer<typeof TokenRulesFile>;

/** What `token-webhook.ts --config FILE` reads once. */
export const TokenWebhookConfig = z.strictObject({
  port: z.int().min(0).max(65_535),
  keyFile: z.string().min(1),
  certFile: z.string().min(1),
  rulesFile: z.string().min(1),
});
export type TokenWebhookConfig = z.infer<typeof TokenWebhookConfig>;

/** Serves TokenReviews by the rules in a file; `log` gets a line for every token that is refused. */
export async function serveTokenRules(
  config: TokenWebhookConfig,
  log: (line: string) => void,
): Promise<TokenReviewServer> {
  return serveTokenReviews({
    port: config.port,
    keyPem: await readFile(config.keyFile, "utf8"),
    certPem: await readFile(config.certFile, "utf8"),
    verify: async (token) => {
      const rules = TokenRulesFile.parse(JSON.parse(await readFile(config.rulesFile, "utf8")));
      return verifyToken(token, rules, new Date());
    },
    onVerdict: (verdict) => {
      if (!verdict.authenticated) log(`${new Date().toISOString()} token rejected: ${verdict.reason}\n`);
    },
  });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { config: { type: "string" } } });
  if (values.config === undefined) {
    process.stderr.write("Usage: node local/token-webhook.ts --config FILE\n");
    process.exitCode = 2;
  } else {
    const config = TokenWebhookConfig.parse(JSON.parse(await readFile(values.config, "utf8")));
    const server = await serveTokenRules(config, (line) => process.stderr.write(line));
    process.stdout.write(`${server.url}\n`);
  }
}
