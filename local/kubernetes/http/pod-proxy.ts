import { type IncomingMessage, request as send } from "node:http";
import type { Socket } from "node:net";
import type { ApiContext } from "../api/context.ts";
import { load } from "../api/context.ts";
import type { RequestInfo } from "../auth/request-info.ts";
import { badRequest, noSuchResource, StatusError } from "../status.ts";
import type { ApiRequest, ApiResponse } from "./exchange.ts";

/** How long a pod may take to be reached and to answer, milliseconds. */
const TIMEOUT_MS = 30_000;

/** Whether the request goes to a pod: `/api/v1/namespaces/a/pods/b:80/proxy/path`. */
export const isPodProxy = (info: RequestInfo): boolean =>
  info.resourceRequest && info.group === "" && info.resource === "pods" && info.subresource === "proxy";

/**
 * Passes a request on to a pod through the network its address is in: an HTTP CONNECT proxy on a Unix socket, as an API server with
 * an egress selector does.
 * @throws StatusError 400 for a pod without an address, 404 for none, 503 when it cannot be reached.
 */
export async function proxyPod(
  context: ApiContext,
  info: RequestInfo,
  request: ApiRequest,
  networkSocket: string,
): Promise<ApiResponse> {
  const type = context.types.find("", "v1", "pods");
  if (!info.resourceRequest || type === undefined) throw noSuchResource();
  const [name = "", port = ""] = info.name.split(":");
  const pod = load(context, { type, namespace: info.namespace, name });
  const { podIP } = (pod["status"] ?? {}) as { podIP?: string };
  if (podIP === undefined) throw badRequest("address not allowed");
  const [, path = ""] = /\/proxy(\/.*)?$/.exec(request.path) ?? [];
  const query = request.query.toString();
  try {
    const socket = await connect(networkSocket, `${podIP}:${port === "" ? "80" : port}`);
    const answer = await exchange(socket, request, `${path === "" ? "/" : path}${query === "" ? "" : `?${query}`}`);
    return { status: answer.status, headers: { "content-type": answer.contentType }, body: answer.body };
  } catch (error) {
    const message = `error trying to reach service: ${(error as Error).message}`;
    throw new StatusError({ code: 503, reason: "ServiceUnavailable", message });
  }
}

function connect(socketPath: string, address: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const opening = send({ socketPath, method: "CONNECT", path: address, timeout: TIMEOUT_MS });
    opening.once("connect", ({ statusCode }: IncomingMessage, socket: Socket) => {
      if (statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new Error(`dial tcp ${address}: connect: ${statusCode}`));
      }
    });
    opening.once("timeout", () => opening.destroy(new Error(`dial tcp ${address}: i/o timeout`)));
    opening.once("error", reject);
    opening.end();
  });
}

interface Answer {
  status: number;
  contentType: string;
  body: string;
}

function exchange(socket: Socket, { method, body, headers }: ApiRequest, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const passed = { host: "pod", "content-type": headers["content-type"], accept: headers["accept"] };
    const known = Object.entries(passed).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const sending = send({ createConnection: () => socket, method, path, headers: Object.fromEntries(known) });
    sending.setTimeout(TIMEOUT_MS, () => sending.destroy(new Error("i/o timeout")));
    sending.once("error", reject);
    sending.once("response", (answer: IncomingMessage) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("error", reject);
      answer.once("end", () => {
        socket.destroy();
        const contentType = answer.headers["content-type"] ?? "text/plain; charset=utf-8";
        resolve({ status: answer.statusCode ?? 502, contentType, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    sending.end(body === "" ? undefined : body);
  });
}
