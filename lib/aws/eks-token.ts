import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { TokenSource } from "../kubernetes/client.ts";

/** Credentials of the role the cluster's access entry names. */
export interface SigningCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/** Hands out credentials, cached; `forceRefresh` asks for fresh ones. */
export type CredentialSource = (options?: { forceRefresh?: boolean }) => Promise<SigningCredentials>;

/** A cluster that tokens are signed for. */
export interface TokenTarget {
  /** The EKS cluster's own name; signed into the token as `x-k8s-aws-id`, so that it fits no other cluster. */
  clusterName: string;
  region: string;
}

/** EKS accepts a token for 15 minutes after its X-Amz-Date; used a minute less. */
const TOKEN_LIFE_MS = 14 * 60_000;
/** A token dies with the credentials that signed it; given up a minute before. */
const EXPIRY_MARGIN_MS = 60_000;
/** Of the presigned URL itself; EKS asks for 60 and looks at X-Amz-Date for the token's age. */
const EXPIRES_SECONDS = 60;
const LONGEST_TOKEN_BYTES = 4_096;

/**
 * Makes an EKS token: `k8s-aws-v1.` and, in unpadded base64url, a presigned GetCallerIdentity at the region's public STS
 * host. The host is part of what the cluster verifies, so no endpoint setting of the environment changes it
 * (https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
 */
export async function signEksToken(
  target: TokenTarget,
  credentials: SigningCredentials,
  signingDate: Date,
): Promise<string> {
  const { clusterName, region } = target;
  const hostname = `sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  const signer = new SignatureV4({ service: "sts", region, credentials, sha256: Sha256, applyChecksum: false });
  const request = {
    method: "GET",
    protocol: "https:",
    hostname,
    path: "/",
    query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
    headers: { host: hostname, "x-k8s-aws-id": clusterName },
  };
  const { query = {} } = await signer.presign(request, { expiresIn: EXPIRES_SECONDS, signingDate });
  const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(String(value))}`);
  const url = `https://${hostname}/?${search.toSorted().join("&")}`;
  const token = `k8s-aws-v1.${Buffer.from(url).toString("base64url")}`;
  if (token.length > LONGEST_TOKEN_BYTES) {
    throw new Error(
      `the token for EKS cluster ${clusterName} has ${token.length} bytes, of which EKS accepts 4096: the session token is too long, use a role with a smaller session policy`,
    );
  }
  return token;
}

/** As Signature Version 4 encodes. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Tokens of one cluster, each used for min(14 min, credentials' expiry − 1 min). One source per cluster, never shared. */
export function createEksTokenSource(
  target: TokenTarget,
  credentials: CredentialSource,
  nowMs: () => number = Date.now,
): TokenSource {
  let cached: { token: Promise<string>; until: number } | undefined;
  return ({ renew }) => {
    const now = nowMs();
    if (!renew && cached !== undefined && now < cached.until) return cached.token;
    const entry = { token: Promise.resolve(""), until: now + TOKEN_LIFE_MS };
    entry.token = credentials(renew ? { forceRefresh: true } : {}).then((signing) => {
      const expiry = signing.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      entry.until = Math.min(entry.until, expiry - EXPIRY_MARGIN_MS);
      return signEksToken(target, signing, new Date(now));
    });
    entry.token.catch(() => {
      if (cached === entry) cached = undefined;
    });
    cached = entry;
    return entry.token;
  };
}
