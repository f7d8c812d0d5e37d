import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { ClusterAccess } from "../../../lib/kubernetes/client.ts";
import { type CertificateAuthority, createCertificateAuthority } from "../../../local/control-plane/certificates.ts";

/** A request as the server saw it. */
export interface SeenRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
  /** 1 for the first request of this server. */
  number: number;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void | Promise<void>;

/** An HTTPS server on loopback that answers as the test says. */
export interface ApiServer {
  access: ClusterAccess;
  authority: CertificateAuthority;
  seen: SeenRequest[];
  /** TCP connections accepted so far. */
  connections(): number;
  /** Connections open now. */
  open(): number;
  /** Forgets what was seen and answers anew. */
  answer(answer: Answer): void;
  stop(): Promise<void>;
}

export async function startApiServer(options: { requestCert?: boolean } = {}): Promise<ApiServer> {
  const authority = createCertificateAuthority("test authority");
  const { certPem, keyPem } = authority.issue({ commonName: "kube-apiserver", hosts: ["127.0.0.1", "localhost"] });
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let answer: Answer = (_request, response) => void response.end();
  const mutualTls = options.requestCert === true ? { requestCert: true, ca: authority.certPem } : {};
  const server = createServer({ cert: certPem, key: keyPem, ...mutualTls }, (message, response) => {
    void read(message).then((body) => {
      if (body === undefined) return undefined;
      const url = new URL(message.url ?? "/", "https://127.0.0.1");
      const request = {
        path: url.pathname,
        query: url.searchParams,
        headers: message.headers,
        body,
        number: seen.length + 1,
      };
      seen.push({ ...request, method: message.method ?? "" });
      return answer({ ...request, method: message.method ?? "" }, response);
    });
  });
  server.keepAliveTimeout = 0; // As long as the client keeps them: a connection never ends in the middle of a test.
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    access: { server: `https://127.0.0.1:${port}`, caPem: authority.certPem },
    authority,
    seen,
    connections: () => connections,
    open: () => sockets.size,
    answer(next) {
      seen.length = 0;
      answer = next;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** @returns undefined when the client broke its request off. */
async function read(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A failure Status as API servers send it. */
export function failure(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, reason, message, details };
}
