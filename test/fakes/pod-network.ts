import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A request that reached a pod. */
export interface PodRequest {
  method: string;
  /** The pod's address and port, e.g. `10.128.0.7:80`. */
  to: string;
  /** With its query. */
  path: string;
}

/** The network the pods of simulated nodes are in, as an HTTP CONNECT proxy; every pod in it answers as one function says. */
export interface PodNetwork {
  /** A Unix socket. */
  socketPath: string;
  close(): Promise<void>;
}

export async function startPodNetwork(
  answer: (request: PodRequest) => { status: number; body?: string },
): Promise<PodNetwork> {
  const folder = await mkdtemp(join(tmpdir(), "pods-"));
  const socketPath = join(folder, "network.sock");
  const sockets = new Set<Socket>();
  const addresses = new WeakMap<Socket, string>();
  const pods = createServer(({ method = "", url = "", socket }, response) => {
    const { status, body = "" } = answer({ method, path: url, to: addresses.get(socket) ?? "" });
    response.writeHead(status, { "content-type": "text/plain" }).end(body);
  });
  // An API server keeps its connections to pods for 90 s: it ends them, not we.
  pods.keepAliveTimeout = 120_000;
  const gate = createServer();
  gate.on("connect", ({ url = "" }: IncomingMessage, socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    addresses.set(socket, url);
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    pods.emit("connection", socket);
  });
  await new Promise<void>((resolve) => gate.listen(socketPath, resolve));
  return {
    socketPath,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => gate.close(() => resolve()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
