import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { EksError, runOperation } from "./eks/operations.ts";
import { routeRequest } from "./eks/router.ts";
import { runShiftOperation, type ShiftContext } from "./eks/zonal-shifts.ts";

/** A running EKS API for local clusters, with their zonal shifts. */
export interface EksEndpoint {
  /** http URL, for `startLocalAws`, and for whoever begins a zonal shift. */
  url: string;
  close(): Promise<void>;
}

export interface EksEndpointOptions {
  /** JSON file of the clusters (`putCluster`, `removeCluster`); read for every request. */
  file: string;
  /** Default: a free one. */
  port?: number;
}

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Serves DescribeCluster, ListClusters and the tag operations of EKS on 127.0.0.1, and the zonal shifts of its clusters
 * (ARC), which it forgets when it ends. Signatures are checked by the local AWS before it asks;
 * here they tell service and region.
 */
export async function serveEks(options: EksEndpointOptions): Promise<EksEndpoint> {
  const shifts: ShiftContext["shifts"] = [];
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", "x-amzn-requestid": randomUUID(), ...headers });
      response.end(JSON.stringify(body));
    };
    handle(request, options.file, shifts).then(
      ({ status, body }) => answer(status, body),
      (error: unknown) => {
        const { status, code, message, more } =
          error instanceof EksError ? error : new EksError(500, "ServerException", String(error));
        answer(status, { message, ...more }, { "x-amzn-errortype": code });
      },
    );
  });
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(
  request: IncomingMessage,
  file: string,
  shifts: ShiftContext["shifts"],
): Promise<{ status: number; body: unknown }> {
  const { region, service } = signedScope(request.headers.authorization);
  const url = new URL(request.url ?? "/", "http://localhost");
  const { method = "GET" } = request;
  const body = await readBody(request);
  if (service === "arc-zonal-shift") return runShiftOperation({ method, url, body }, { file, region, shifts });
  const routed = routeRequest(method, url, body);
  if (routed === undefined)
    throw new EksError(404, "UnknownOperationException", `EKS has no ${request.method} ${url.pathname}.`);
  return { status: 200, body: await runOperation(routed, file, region) };
}

/** AWS serves the clusters of one region: here, of the region the request was signed for. */
function signedScope(authorization: string | undefined): { region: string; service: string } {
  const scope = /Credential=[^/]+\/\d{8}\/([\w-]+)\/(eks|arc-zonal-shift)\/aws4_request/.exec(authorization ?? "");
  const [, region, service] = scope ?? [];
  if (region !== undefined && service !== undefined) return { region, service };
  const message = "The request is not signed for EKS (eks) or ARC zonal shift (arc-zonal-shift).";
  throw new EksError(403, "MissingAuthenticationTokenException", message);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new EksError(413, "InvalidRequestException", "The request body is too large.");
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new EksError(400, "SerializationException", "The request body is no JSON.");
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { file: { type: "string" }, port: { type: "string" } } });
  if (values.file === undefined) {
    process.stderr.write("Usage: node local/eks.ts --file CLUSTERS.json [--port PORT]\n");
    process.exitCode = 2;
  } else {
    const { url } = await serveEks({ file: values.file, port: Number(values.port ?? 0) });
    process.stdout.write(`${url}\n`);
  }
}
