import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { CallEnd, CallLimit } from "./call-limit.ts";
import { connectionFailure } from "./connection-failure.ts";
import { ConnectionError } from "./errors.ts";

/** One request as it goes out, path with query. */
export interface WireRequest {
  method: Dispatcher.HttpMethod;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface WireResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** How far an exchange came. */
export type Phase = "connecting" | "sent" | "answering";

/** A try without (whole) answer: the error for the caller, and what the retry table needs to know beside it. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly connection: ConnectionError;
  readonly phase: Phase;

  constructor(connection: ConnectionError, phase: Phase) {
    super(connection.message, { cause: connection });
    this.connection = connection;
    this.phase = phase;
  }
}

const TIMEOUT_TEXT: Record<Phase, string> = {
  connecting: "no connection",
  sent: "no answer",
  answering: "no complete answer",
};

/** @returns the abort reason, or the time-out as an error naming how far the exchange came. */
export function endError(end: CallEnd, server: string, request: WireRequest, phase: Phase, timeoutMs: number): Error {
  if (end.type === "aborted") return end.reason as Error;
  const applied =
    request.method === "GET" || phase === "connecting" ? "" : "; it may have been carried out all the same";
  const path = request.path.split("?", 1)[0];
  const message = `${TIMEOUT_TEXT[phase]} from API server ${server} to ${request.method} ${path} within ${timeoutMs} ms${applied}`;
  return new ExchangeError(new ConnectionError("timeout", server, message), phase);
}

/** Why an exchange was given up on our side; never seen by callers. */
export const GIVEN_UP = new Error("the exchange was given up");

/** Sends one request and reads the whole answer. Rejects with `ExchangeError`, or with the abort reason. */
export function exchange(
  dispatcher: Dispatcher,
  server: string,
  request: WireRequest,
  limit: CallLimit,
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    let phase: Phase = "connecting";
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let status = 0;
    let headers: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      limit.listen(undefined);
      return true;
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        phase = "sent";
        limit.checkTime();
        if (settled) started.abort(GIVEN_UP);
      },
      onResponseStart(_controller, statusCode, responseHeaders) {
        phase = "answering";
        status = statusCode;
        headers = responseHeaders;
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        if (!settle()) return;
        const [first] = chunks;
        const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
        resolve({ status, headers, body: whole.toString("utf8") });
      },
      onResponseError(_controller, error) {
        if (settle()) reject(new ExchangeError(connectionFailure(server, error), phase));
      },
    };
    limit.listen((end) => {
      if (!settle()) return;
      controller?.abort(GIVEN_UP);
      reject(endError(end, server, request, phase, limit.timeoutMs));
    });
    if (!settled) dispatcher.dispatch({ ...request, body: request.body ?? null }, handler);
  });
}
