import http from "node:http";
import https from "node:https";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { Sha256 } from "@aws-crypto/sha256-js";
import type { EKSClient } from "@aws-sdk/client-eks";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod";

const SERVICE = "arc-zonal-shift";
/** Longest one attempt may take, milliseconds. */
const TIMEOUT_MS = 2_500;
const MOST_ATTEMPTS = 2;
/** Pause before another attempt, milliseconds; a random part of it is left out, so that many workers do not come at once. */
const PAUSE_MS = 400;
/** Largest answer that is read, bytes. */
const LARGEST = 1_000_000;

const Shift = z.object({ awayFrom: z.string().min(1) });
/** Only shifts that are active are in it, those that another one overrides too. `zonalShifts` is never left out. */
const ManagedResource = z.object({
  zonalShifts: z.array(Shift),
  autoshifts: z
    .array(Shift)
    .nullish()
    .transform((shifts) => shifts ?? []),
});
export type ManagedResource = z.infer<typeof ManagedResource>;

interface Reply {
  status: number;
  /** As the header `x-amzn-errortype` names it; "" without one. */
  errorType: string;
  body: string;
}

/** No answer, or one that is an exception. */
class ArcError extends Error {
  /** Of the exception ARC sent, e.g. `AccessDeniedException`, or of what kept it from answering. */
  override readonly name: string;
  /** Whether another attempt may help. */
  readonly passing: boolean;

  constructor(name: string, message: string, { passing = false } = {}) {
    super(message);
    this.name = name;
    this.passing = passing;
  }
}

/** Connections are kept: the next batch asks again. */
const AGENTS = { https: new https.Agent({ keepAlive: true }), http: new http.Agent({ keepAlive: true }) };

/**
 * GetManagedResource of ARC zonal shift (API version 2022-10-30), for which the SDK in use has no client. What fails in
 * passing is tried once more.
 *
 * @param client of EKS in the cluster's region: ARC is asked with its credentials, in the same partition.
 * @throws Error named after the exception ARC sent, or after what kept it from answering.
 */
export async function getManagedResource(
  client: EKSClient,
  { arn, region }: { arn: string; region: string },
): Promise<ManagedResource> {
  const endpoint = await endpointOf(client, region);
  const path = `${endpoint.pathname.replace(/\/$/, "")}/managedresources/${encodeURIComponent(arn)}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const credentials = await client.config.credentials();
      const signer = new SignatureV4({ service: SERVICE, region, credentials, sha256: Sha256 });
      const { hostname, protocol, host } = endpoint;
      const { headers } = await signer.sign({ method: "GET", protocol, hostname, path, query: {}, headers: { host } });
      return read(await get(endpoint, path, headers), endpoint);
    } catch (error) {
      if (attempt === MOST_ATTEMPTS || !(error instanceof ArcError && error.passing)) throw error;
      await delay(PAUSE_MS * Math.random());
    }
  }
}

/** As the SDKs do: the endpoint of the environment, else the one of the region, with its partition's domain. */
export async function endpointOf({ config }: EKSClient, region: string): Promise<URL> {
  const { AWS_ENDPOINT_URL_ARC_ZONAL_SHIFT: own, AWS_ENDPOINT_URL: all } = process.env;
  const configured = process.env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true" ? "" : own || all || "";
  if (configured !== "") return new URL(configured);
  const [dualStack, fips] = await Promise.all([config.useDualstackEndpoint(), config.useFipsEndpoint()]);
  const { url } = config.endpointProvider({ Region: region, UseDualStack: dualStack, UseFIPS: false });
  return new URL(`https://${url.hostname.replace(/^eks\./, `${SERVICE}${fips ? "-fips" : ""}.`)}`);
}

function read({ status, errorType, body }: Reply, { origin }: URL): ManagedResource {
  const json = parseJson(body);
  if (status !== 200) {
    const { message = body.slice(0, 200), __type = `Status${status}` } = (json ?? {}) as Record<string, string>;
    const name = errorType === "" ? __type.replace(/^.*#/, "") : errorType;
    const passing = status >= 500 || status === 429 || name === "ThrottlingException";
    throw new ArcError(name, `${origin} answered ${status}: ${message}`, { passing });
  }
  const parsed = ManagedResource.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ArcError("UnexpectedAnswer", `${origin} answered something else than a managed resource`);
}

function get(endpoint: URL, path: string, headers: Record<string, string>): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { protocol, origin } = endpoint;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const fail = (error: NodeJS.ErrnoException): void => {
    const what = signal.aborted
      ? `did not answer within ${TIMEOUT_MS / 1000} s`
      : `cannot be reached: ${whyNot(error)}`;
    const name = signal.aborted ? "Timeout" : "ConnectionFailed";
    reject(error instanceof ArcError ? error : new ArcError(name, `${origin} ${what}`, { passing: true }));
  };
  const tls = protocol === "https:";
  const options = { signal, headers, agent: tls ? AGENTS.https : AGENTS.http };
  const request = (tls ? https : http).get(new URL(path, origin), options, (response) => {
    const parts: Buffer[] = [];
    let size = 0;
    response.on("data", (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size <= LARGEST) return;
      response.destroy(new ArcError("UnexpectedAnswer", `${origin} answered more than ${LARGEST} bytes`));
    });
    response.on("end", () => {
      const [errorType = ""] = String(response.headers["x-amzn-errortype"] ?? "").split(":");
      resolve({ status: response.statusCode ?? 0, errorType, body: Buffer.concat(parts).toString() });
    });
    response.on("error", fail);
  });
  request.on("error", fail);
  return promise;
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  return code === "ENOTFOUND" ? "DNS knows no such name (ENOTFOUND); look at the resolver the hub uses" : message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
