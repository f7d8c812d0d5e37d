import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Credentials whose signatures the verifier can recompute. */
export interface KnownCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
  /** Who signs with them: a user, a role, or an assumed role (`arn:aws:sts::…:assumed-role/NAME/SESSION`). */
  arn: string;
}

/** Who a principal is inside the cluster, as an EKS access entry says it. */
export interface AccessEntry {
  /** ARN of the IAM user or role; an assumed role matches by its role. */
  arn: string;
  /** `{{SessionName}}` becomes the session's name. */
  username: string;
  groups: string[];
}

/** Everything a cluster needs to know to judge tokens. */
export interface TokenRules {
  /** What `x-k8s-aws-id` must say. */
  clusterName: string;
  credentials: readonly KnownCredentials[];
  accessEntries: readonly AccessEntry[];
}

/** The answer to a token; `reason` says what to change. */
export type TokenVerdict =
  | { authenticated: true; username: string; groups: string[]; arn: string; accessKeyId: string; sessionName: string }
  | { authenticated: false; reason: string };

const PREFIX = "k8s-aws-v1.";
const MAX_TOKEN_BYTES = 4_096;
const MAX_AGE_MS = 15 * 60_000;
const STS_HOST = /^sts(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/;
const ALGORITHM = "AWS4-HMAC-SHA256";
const ALLOWED_PARAMETERS: ReadonlySet<string> = new Set([
  "Action",
  "Version",
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-Security-Token",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
]);

class Rejected extends Error {}

/**
 * Judges an EKS token: `k8s-aws-v1.` and an unpadded base64url presigned GET of STS GetCallerIdentity
 * (https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
 * Where EKS asks STS, this recomputes the signature with the credentials it knows.
 */
export function verifyToken(token: string, rules: TokenRules, now: Date): TokenVerdict {
  try {
    const url = decode(token);
    const region = checkTarget(url);
    const parameters = checkParameters(url);
    checkDate(parameters, now);
    const signer = checkSignature(url, parameters, region, rules);
    return admit(signer, rules);
  } catch (error) {
    if (error instanceof Rejected) return { authenticated: false, reason: error.message };
    throw error;
  }
}

function decode(token: string): URL {
  if (!token.startsWith(PREFIX)) throw new Rejected(`the token does not start with "${PREFIX}"`);
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES)
    throw new Rejected(`the token is longer than ${MAX_TOKEN_BYTES} bytes`);
  const encoded = token.slice(PREFIX.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) throw new Rejected("the token is not unpadded base64url");
  const text = Buffer.from(encoded, "base64url").toString("utf8");
  const url = URL.parse(text);
  if (url === null || /\s/.test(text)) throw new Rejected("the token does not hold exactly one URL");
  return url;
}

/** @returns the region of the STS endpoint. */
function checkTarget(url: URL): string {
  if (url.protocol !== "https:") throw new Rejected(`the presigned URL is ${url.protocol}//, not https://`);
  const region = STS_HOST.exec(url.host)?.[1];
  if (region === undefined) throw new Rejected(`${url.host} is not a regional STS endpoint`);
  if (url.pathname !== "/" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new Rejected("the presigned URL has a path, a fragment or a user");
  }
  return region;
}

type Parameters = ReadonlyMap<string, string>;

function checkParameters(url: URL): Parameters {
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!ALLOWED_PARAMETERS.has(name)) throw new Rejected(`the query parameter ${name} is not allowed`);
    if (parameters.has(name)) throw new Rejected(`the query parameter ${name} is there twice`);
    parameters.set(name, value);
  }
  const action = read(parameters, "Action");
  if (action !== "GetCallerIdentity") throw new Rejected(`the action is ${action}, not GetCallerIdentity`);
  const expires = Number(read(parameters, "X-Amz-Expires"));
  if (!Number.isInteger(expires) || expires < 0 || expires > 900)
    throw new Rejected("X-Amz-Expires is not within 0 and 900");
  const algorithm = read(parameters, "X-Amz-Algorithm");
  if (algorithm !== ALGORITHM) throw new Rejected(`the algorithm is ${algorithm}, not ${ALGORITHM}`);
  return parameters;
}

function read(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined || value === "") throw new Rejected(`the query parameter ${name} is missing`);
  return value;
}

function checkDate(parameters: Parameters, now: Date): void {
  const text = read(parameters, "X-Amz-Date");
  const signedAt = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(signedAt)) throw new Rejected(`X-Amz-Date ${text} is not of the form 20060102T150405Z`);
  const ageMs = now.getTime() - signedAt;
  if (ageMs >= MAX_AGE_MS) throw new Rejected(`the token expired: it was signed at ${text}, 15 minutes or more ago`);
  if (ageMs <= -MAX_AGE_MS) throw new Rejected(`the token was signed at ${text}, 15 minutes or more in the future`);
}

function checkSignature(url: URL, parameters: Parameters, region: string, rules: TokenRules): KnownCredentials {
  const signedHeaders = read(parameters, "X-Amz-SignedHeaders");
  if (signedHeaders !== "host;x-k8s-aws-id") {
    throw new Rejected(`the signed headers are ${signedHeaders}, not host and x-k8s-aws-id`);
  }
  const [accessKeyId = "", date = "", scopeRegion, service, terminator] = read(parameters, "X-Amz-Credential").split(
    "/",
  );
  const scope = `${date}/${region}/sts/aws4_request`;
  const amzDate = read(parameters, "X-Amz-Date");
  if (`${date}/${scopeRegion}/${service}/${terminator}` !== scope || !amzDate.startsWith(date)) {
    throw new Rejected(`the credential scope is not ${scope}`);
  }
  const signer = rules.credentials.find((known) => known.accessKeyId === accessKeyId);
  if (signer === undefined) throw new Rejected(`the access key ${accessKeyId} is not known here`);
  if (parameters.get("X-Amz-Security-Token") !== signer.sessionToken) {
    throw new Rejected(`the session token is not the one that belongs to access key ${accessKeyId}`);
  }
  const request = ["GET", "/", canonicalQuery(parameters), `host:${url.host}`, `x-k8s-aws-id:${rules.clusterName}`, ""];
  const canonical = [...request, signedHeaders, sha256("")].join("\n");
  const toSign = [ALGORITHM, amzDate, scope, sha256(canonical)].join("\n");
  const key = [date, region, "sts", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${signer.secretAccessKey}`);
  if (!isSame(hmac(key, toSign).toString("hex"), read(parameters, "X-Amz-Signature"))) {
    throw new Rejected(
      `the signature does not match: signed for another cluster than ${rules.clusterName}, or with another secret key`,
    );
  }
  return signer;
}

function canonicalQuery(parameters: Parameters): string {
  return [...parameters]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function admit(signer: KnownCredentials, rules: TokenRules): TokenVerdict {
  const { arn, accessKeyId } = signer;
  const sessionName = /:assumed-role\/.+\/([^/]+)$/.exec(arn)?.[1] ?? "";
  const entry = rules.accessEntries.find((candidate) => principalOf(candidate.arn) === principalOf(arn));
  if (entry === undefined) {
    return { authenticated: false, reason: `${principalOf(arn)} has no access entry in cluster ${rules.clusterName}` };
  }
  const username = entry.username.replaceAll("{{SessionName}}", sessionName.replaceAll("@", "-"));
  return { authenticated: true, username, groups: [...entry.groups], arn, accessKeyId, sessionName };
}

/** The IAM principal behind a caller: an assumed role's role (without its path, which the caller's ARN never shows). */
function principalOf(arn: string): string {
  return arn
    .replace(/^(arn:[\w-]+):sts:(.*):assumed-role\/(?:.*\/)?([^/]+)\/[^/]+$/, "$1:iam:$2:role/$3")
    .replace(/:role\/.*\/([^/]+)$/, ":role/$1");
}
