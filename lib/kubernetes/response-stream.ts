import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { CallLimit } from "./call-limit.ts";
import { connectionFailure } from "./connection-failure.ts";
import { ConnectionError } from "./errors.ts";
import { ExchangeError, endError, GIVEN_UP, type WireRequest } from "./exchange.ts";

/** Bytes held for a slow reader before the connection is paused. */
const HIGH_WATER_BYTES = 256 * 1024;

/** An answer that is read while it arrives. Always `close` it. */
export class ResponseStream implements AsyncIterable<Buffer> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly #controller: Dispatcher.DispatchController;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #paused = false;
  #end: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #life: CallLimit | undefined;

  constructor(status: number, headers: IncomingHttpHeaders, controller: Dispatcher.DispatchController) {
    this.status = status;
    this.headers = headers;
    this.#controller = controller;
  }

  /**
   * Bounds the reading: `life` by time and signal, `idleTimeoutMs` by silence of the server. The time-outs become
   * `ConnectionError`s, the signal its reason.
   */
  bound(server: string, life: CallLimit, idleTimeoutMs: number): void {
    const timedOut = (what: string): ConnectionError =>
      new ConnectionError("timeout", server, `API server ${server} ${what}`);
    this.#life = life;
    life.listen((end) => {
      if (end.type === "aborted") this.#chunks.length = 0;
      this.fail(end.type === "aborted" ? end.reason : timedOut(`did not end its stream within ${life.timeoutMs} ms`));
    });
    this.#idleTimer = setTimeout(() => {
      if (this.#paused) this.#idleTimer?.refresh();
      else this.fail(timedOut(`sent nothing for ${idleTimeoutMs} ms`));
    }, idleTimeoutMs);
  }

  push(chunk: Buffer): void {
    this.#idleTimer?.refresh();
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > HIGH_WATER_BYTES && !this.#paused) {
      this.#paused = true;
      this.#controller.pause();
    }
    this.#wake?.();
  }

  finish(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    const alreadyEnded = this.#end !== undefined;
    this.#end ??= { error };
    if (!alreadyEnded) this.#controller.abort(GIVEN_UP);
    this.#wake?.();
  }

  /** Stops reading and gives the connection up unless the answer was complete. */
  close(): void {
    clearTimeout(this.#idleTimer);
    this.#life?.release();
    this.fail(GIVEN_UP);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        if (this.#paused && this.#bytes <= HIGH_WATER_BYTES / 2) {
          this.#paused = false;
          this.#controller.resume();
        }
        yield chunk;
      } else if (this.#end !== undefined) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
      }
    }
  }

  /** The rest of the answer as text. */
  async text(): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this) chunks.push(chunk);
    return Buffer.concat(chunks).toString("utf8");
  }
}

/** Sends one request and resolves when the headers of its answer are there. `limit` bounds the time until then only. */
export function openStream(
  dispatcher: Dispatcher,
  server: string,
  request: WireRequest,
  limit: CallLimit,
): Promise<ResponseStream> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let stream: ResponseStream | undefined;
    let settled = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      limit.listen(undefined);
      return true;
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        limit.checkTime();
        if (settled) started.abort(GIVEN_UP);
      },
      onResponseStart(started, status, headers) {
        if (!settle()) return;
        stream = new ResponseStream(status, headers, started);
        resolve(stream);
      },
      onResponseData(_controller, chunk) {
        stream?.push(chunk);
      },
      onResponseEnd() {
        stream?.finish();
      },
      onResponseError(_controller, error) {
        const failure = connectionFailure(server, error);
        if (stream !== undefined) stream.fail(failure);
        else if (settle()) reject(new ExchangeError(failure, controller === undefined ? "connecting" : "sent"));
      },
    };
    limit.listen((end) => {
      if (!settle()) return;
      controller?.abort(GIVEN_UP);
      reject(endError(end, server, request, controller === undefined ? "connecting" : "sent", limit.timeoutMs));
    });
    if (!settled) dispatcher.dispatch({ ...request, body: request.body ?? null }, handler);
  });
}
