import type { IncomingHttpHeaders } from "node:http";
import { type CallContext, performCall } from "./call.ts";
import { CallLimit } from "./call-limit.ts";
import type {
  CallOptions,
  ClusterAccess,
  DeleteOptions,
  KubernetesClient,
  ListOptions,
  ListResult,
  ObjectName,
  PatchOptions,
  RawResponse,
  ResourceType,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import { decodeFailure } from "./decode-status.ts";
import { ApiError, type ConnectionError, isApiError } from "./errors.ts";
import { exchange, type WireResponse } from "./exchange.ts";
import { type ListPage, PAGE_SIZE, readList } from "./list.ts";
import type { KubernetesObject } from "./objects.ts";
import { ConnectionPool } from "./pool.ts";
import {
  type ApiRequest,
  createRequest,
  deleteRequest,
  getRequest,
  listRequest,
  patchRequest,
  rawRequest,
  replaceRequest,
  watchRequest,
} from "./requests.ts";
import { openStream, type ResponseStream } from "./response-stream.ts";
import { readEvents } from "./watch.ts";

export interface TransportOptions {
  /** Milliseconds for one call with its retries, one page of a list, or the beginning of a watch. Default 10,000. */
  requestTimeoutMs?: number;
  /** Milliseconds until a TLS connection must stand. Default 5,000. */
  connectTimeoutMs?: number;
  /** Milliseconds a watch may be silent; API servers send a bookmark about each minute. Default 120,000. */
  watchIdleTimeoutMs?: number;
  /** Connections kept for requests, 1..8; each watch has its own. Default 8. */
  maxSockets?: number;
  /** Told of every call that failed for good, before its caller is. */
  onFailure?: (error: ApiError | ConnectionError) => void;
}

/** Milliseconds a watch lasts unless its caller says otherwise. */
const WATCH_LIFE_MS = 300_000;

/**
 * A client for one API server: keep-alive, a handful of connections, time-outs that fire, retries by the table in
 * `retry.ts`. Opens nothing until the first call. Keep one per cluster and close it in the end.
 */
export function createKubernetesClient(access: ClusterAccess, options: TransportOptions = {}): KubernetesClient {
  return new Transport(access, options);
}

class Transport implements KubernetesClient {
  readonly #pool: ConnectionPool;
  readonly #context: CallContext;
  readonly #requestTimeoutMs: number;
  readonly #watchIdleTimeoutMs: number;

  constructor(access: ClusterAccess, options: TransportOptions) {
    const {
      maxSockets = 8,
      connectTimeoutMs = 5_000,
      requestTimeoutMs = 10_000,
      watchIdleTimeoutMs = 120_000,
    } = options;
    this.#pool = new ConnectionPool(access, { maxSockets, connectTimeoutMs });
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#watchIdleTimeoutMs = watchIdleTimeoutMs;
    const basePath = new URL(access.server).pathname.replace(/\/+$/, "");
    this.#context = {
      server: access.server,
      basePath,
      token: access.token,
      drawJitter: Math.random,
      onFailure: options.onFailure,
    };
  }

  async get<T extends KubernetesObject>(type: ResourceType, name: ObjectName, options: CallOptions = {}): Promise<T> {
    return (await this.#json<T>(getRequest(type, name), options)).value;
  }

  list<T extends KubernetesObject>(type: ResourceType, options: ListOptions = {}): Promise<ListResult<T>> {
    return readList<T>(async (page) => {
      const request = listRequest(type, options, page);
      const { value, answer } = await this.#json<ListPage<T>>(request, options);
      return { page: value, observedAt: this.#requireDate(answer, request) };
    }, options.limit ?? PAGE_SIZE);
  }

  async create<T extends KubernetesObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    return (await this.#json<T>(createRequest(type, object, options), options)).value;
  }

  async replace<T extends KubernetesObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    return (await this.#json<T>(replaceRequest(type, object, options), options)).value;
  }

  async patch<T extends KubernetesObject>(
    type: ResourceType,
    name: ObjectName,
    patch: unknown,
    options: PatchOptions,
  ): Promise<T> {
    return (await this.#json<T>(patchRequest(type, name, patch, options), options)).value;
  }

  async delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<void> {
    await this.#answer(deleteRequest(type, name, options), options, (answer, request) =>
      this.#failure(answer, request),
    );
  }

  async raw(
    method: "GET" | "POST" | "DELETE",
    path: string,
    options: CallOptions & { accept?: string; body?: unknown } = {},
  ): Promise<RawResponse> {
    let last: WireResponse | undefined;
    const unauthorized = (answer: WireResponse, request: ApiRequest): ApiError | undefined => {
      last = answer;
      return answer.status === 401 ? this.#failure(answer, request) : undefined;
    };
    try {
      return rawResponse(await this.#answer(rawRequest(method, path, options), options, unauthorized));
    } catch (error) {
      if (last !== undefined && isApiError(error, 401)) return rawResponse(last);
      throw error;
    }
  }

  async *watch<T extends KubernetesObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const lifeMs = options.timeoutMs ?? WATCH_LIFE_MS;
    const request = watchRequest(type, options, Math.max(1, Math.ceil(lifeMs / 1_000)));
    const { server } = this.#context;
    const stream = await performCall<ResponseStream>(
      this.#context,
      request,
      { timeoutMs: this.#requestTimeoutMs, signal: options.signal },
      (wire, limit) => openStream(this.#pool.watches(), server, wire, limit),
      async (opened) => {
        if (opened.status < 300) return undefined;
        try {
          opened.bound(server, new CallLimit(this.#requestTimeoutMs, options.signal), this.#requestTimeoutMs);
          return this.#failure({ status: opened.status, headers: opened.headers, body: await opened.text() }, request);
        } finally {
          opened.close();
        }
      },
    );
    try {
      // The server is to end the watch after `lifeMs`; it is ended here when it does not.
      stream.bound(server, new CallLimit(lifeMs + this.#requestTimeoutMs, options.signal), this.#watchIdleTimeoutMs);
      yield* readEvents<T>(stream, { server, request: `${request.method} ${request.path}` });
    } finally {
      stream.close();
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #answer(
    request: ApiRequest,
    options: CallOptions,
    judge: (answer: WireResponse, request: ApiRequest) => ApiError | undefined,
  ): Promise<WireResponse> {
    const bounds = { timeoutMs: options.timeoutMs ?? this.#requestTimeoutMs, signal: options.signal };
    return performCall<WireResponse>(
      this.#context,
      request,
      bounds,
      (wire, limit) => exchange(this.#pool.requests(), this.#context.server, wire, limit),
      (answer) => judge(answer, request),
    );
  }

  async #json<T>(request: ApiRequest, options: CallOptions): Promise<{ value: T; answer: WireResponse }> {
    const answer = await this.#answer(request, options, (received) => this.#failure(received, request));
    try {
      return { value: JSON.parse(answer.body) as T, answer };
    } catch {
      throw decodeFailure({ ...answer, ...this.#origin(request) });
    }
  }

  #failure(answer: WireResponse, request: ApiRequest): ApiError | undefined {
    return answer.status < 300 ? undefined : decodeFailure({ ...answer, ...this.#origin(request) });
  }

  #requireDate(answer: WireResponse, request: ApiRequest): string {
    const observedAt = dateOf(answer.headers);
    if (observedAt !== undefined) return observedAt;
    const message = `API server ${this.#context.server} sent no Date with its answer to ${request.path}: its clock is needed, see whether a proxy removes it`;
    throw new ApiError({ status: answer.status, reason: "", message, request: `${request.method} ${request.path}` });
  }

  #origin(request: ApiRequest): { server: string; request: string } {
    return { server: this.#context.server, request: `${request.method} ${request.path}` };
  }
}

function dateOf(headers: IncomingHttpHeaders): string | undefined {
  const time = Date.parse(headers.date ?? "");
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

function rawResponse(answer: WireResponse): RawResponse {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
  const observedAt = dateOf(answer.headers);
  return { status: answer.status, headers, body: answer.body, ...(observedAt === undefined ? {} : { observedAt }) };
}
