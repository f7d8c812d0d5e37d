import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { ApiRequest, ApiResponse } from "./exchange.ts";
import type { Handler } from "./handler.ts";

export interface Listener {
  /** https URL. */
  url: string;
  close(): Promise<void>;
}

export interface ServeOptions {
  keyPem: string;
  certPem: string;
  /** The authority of client certificates. */
  caPem: string;
  /** The cluster's time for the header Date, milliseconds since 1970. */
  now: () => number;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Serves an API over HTTPS on a free port of 127.0.0.1. */
export async function serve(handler: Handler, { keyPem, certPem, caPem, now }: ServeOptions): Promise<Listener> {
  const sockets = new Set<Socket>();
  const options = { key: keyPem, cert: certPem, ca: caPem, requestCert: true, rejectUnauthorized: false };
  const server = createServer(options, (incoming, outgoing) => {
    outgoing.setHeader("date", new Date(now()).toUTCString());
    void exchange(handler, incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });
  server.keepAliveTimeout = 90_000;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function exchange(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = await read(incoming);
  if (request === undefined) {
    outgoing.writeHead(413).end("the request is too large");
    return;
  }
  const response = await handler(request);
  write(response, outgoing, request.method === "HEAD");
}

async function read(incoming: IncomingMessage): Promise<ApiRequest | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  const socket = incoming.socket as TLSSocket;
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: incoming.method ?? "GET",
    path: mark === -1 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1)),
    headers: incoming.headers as Record<string, string | undefined>,
    body: Buffer.concat(chunks).toString("utf8"),
    subject: socket.authorized ? socket.getPeerCertificate().subject : undefined,
  };
}

function write(response: ApiResponse, outgoing: ServerResponse, headOnly: boolean): void {
  const { status, headers = {}, body, stream } = response;
  const text = typeof body === "string";
  const contentType = text ? "text/plain; charset=utf-8" : "application/json";
  outgoing.writeHead(status, { "cache-control": "no-cache, private", "content-type": contentType, ...headers });
  if (stream === undefined) {
    outgoing.end(headOnly || body === undefined ? undefined : text ? body : JSON.stringify(body));
    return;
  }
  outgoing.flushHeaders();
  const stop = stream({ write: (line) => outgoing.write(line), end: () => outgoing.end() });
  outgoing.once("close", stop);
}
