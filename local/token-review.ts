import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TokenVerdict } from "./token-verifier.ts";

/** Judges one bearer token. */
export type TokenVerifier = (token: string) => TokenVerdict | Promise<TokenVerdict>;

export interface TokenReviewServer {
  /** https URL for kube-apiserver's webhook configuration. */
  url: string;
  close(): Promise<void>;
}

export interface TokenReviewOptions {
  verify: TokenVerifier;
  keyPem: string;
  certPem: string;
  /** Default: a free one. */
  port?: number;
  /** Told every verdict; the token itself is never passed on. */
  onVerdict?: (verdict: TokenVerdict) => void;
}

const MAX_BODY_BYTES = 64 * 1024;

/** Answers `authentication.k8s.io/v1` TokenReviews over HTTPS on 127.0.0.1, as kube-apiserver's token webhook. */
export async function serveTokenReviews(options: TokenReviewOptions): Promise<TokenReviewServer> {
  const { verify, keyPem, certPem, port = 0, onVerdict = () => {} } = options;
  const server = createServer({ key: keyPem, cert: certPem }, (request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    void readToken(request)
      .then(async (token) => {
        if (token === undefined) {
          answer(400, { error: "This is no authentication.k8s.io/v1 TokenReview with spec.token." });
          return;
        }
        const verdict = await verify(token);
        onVerdict(verdict);
        answer(200, { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", status: reviewStatus(verdict) });
      })
      .catch((error: unknown) => answer(500, { error: String(error) }));
  });
  // kube-apiserver ends connections that were idle for 90 s itself. It takes a token for a wrong one when its review meets a connection
  // that we end at that moment.
  server.keepAliveTimeout = 120_000;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readToken(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const review: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const { apiVersion, kind, spec } = review as { apiVersion?: string; kind?: string; spec?: { token?: unknown } };
    if (apiVersion !== "authentication.k8s.io/v1" || kind !== "TokenReview") return undefined;
    return typeof spec?.token === "string" ? spec.token : undefined;
  } catch {
    return undefined;
  }
}

/** The status of a TokenReview, with the extra fields that EKS gives. */
function reviewStatus(verdict: TokenVerdict): unknown {
  if (!verdict.authenticated) return { authenticated: false, error: verdict.reason };
  const { username, groups, arn, accessKeyId, sessionName } = verdict;
  return {
    authenticated: true,
    user: { username, uid: arn, groups, extra: { accessKeyId: [accessKeyId], arn: [arn], sessionName: [sessionName] } },
  };
}
