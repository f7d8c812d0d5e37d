import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";

export interface TokenOptions {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  clusterName: string;
  region?: string;
  host?: string;
  protocol?: string;
  path?: string;
  method?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  service?: string;
  expiresInSeconds?: number;
  signedAt?: Date;
}

/** Presigns an STS request with the published signer and wraps it as `aws eks get-token` does. */
export async function signToken(options: TokenOptions): Promise<string> {
  return wrap(await presign(options));
}

/** The presigned URL inside a token. */
export async function presign(options: TokenOptions): Promise<string> {
  const { region = "us-east-1", host = `sts.${region}.amazonaws.com`, protocol = "https:", path = "/" } = options;
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: options.accessKeyId,
      secretAccessKey: options.secretAccessKey,
      ...(options.sessionToken === undefined ? {} : { sessionToken: options.sessionToken }),
    },
    region,
    service: options.service ?? "sts",
    sha256: Sha256,
  });
  const headers = { host, "x-k8s-aws-id": options.clusterName, ...options.headers };
  const signed = await signer.presign(
    {
      method: options.method ?? "GET",
      protocol,
      hostname: host,
      path,
      query: { Action: "GetCallerIdentity", Version: "2011-06-15", ...options.query },
      headers,
    },
    {
      expiresIn: options.expiresInSeconds ?? 60,
      signingDate: options.signedAt ?? new Date(),
      unhoistableHeaders: new Set(Object.keys(headers)),
      unsignableHeaders: new Set(),
    },
  );
  const query = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
  );
  return `${protocol}//${host}${path}?${query.join("&")}`;
}

export function wrap(url: string): string {
  return `k8s-aws-v1.${Buffer.from(url).toString("base64url")}`;
}
