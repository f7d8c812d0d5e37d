import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { EksError, runOperation } from "./eks/operations.ts";
import { routeRequest } from "./eks/router.ts";

/** A running EKS API for local clusters. */
export interface EksEndpoint {
  /** http URL, for `AWS_ENDPOINT_URL_EKS`. */
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

/** Serves DescribeCluster, ListClusters and the tag operations of EKS on 127.0.0.1. Signatures are not checked. */
export async function serveEks(options: EksEndpointOptions): Promise<EksEndpoint> {
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", "x-amzn-requestid": randomUUID(), ...headers });
      response.end(JSON.stringify(body));
    };
    handle(request, options.file).then(
      (body) => answer(200, body),
      (error: unknown) => {
        const { status, code, message } =
          error instanceof EksError ? error : new EksError(500, "ServerException", String(error));
        answer(status, { message }, { "x-amzn-errortype": code });
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

async function handle(request: IncomingMessage, file: string): Promise<unknown> {
  const region = signedRegion(request.headers.authorization);
  const url = new URL(request.url ?? "/", "http://localhost");
  const routed = routeRequest(request.method ?? "GET", url, await readBody(request));
  if (routed === undefined)
    throw new EksError(404, "UnknownOperationException", `EKS has no ${request.method} ${url.pathname}.`);
  return runOperation(routed, file, region);
}

/** EKS serves the clusters of one region: here, of the region the request was signed for. */
function signedRegion(authorization: string | undefined): string {
  const region = /Credential=[^/]+\/\d{8}\/([\w-]+)\/eks\/aws4_request/.exec(authorization ?? "")?.[1];
  if (region === undefined)
    throw new EksError(403, "MissingAuthenticationTokenException", "The request is not signed for EKS.");
  return region;
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
