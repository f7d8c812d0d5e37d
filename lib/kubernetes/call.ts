import { CallLimit } from "./call-limit.ts";
import type { TokenSource } from "./client.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import { ExchangeError, endError, type WireRequest } from "./exchange.ts";
import type { ApiRequest } from "./requests.ts";
import { planRetry, type TryFailure } from "./retry.ts";

/** What every call to one API server shares. */
export interface CallContext {
  /** As registered, without trailing slash; its path prefixes every request. */
  server: string;
  basePath: string;
  token: TokenSource | undefined;
  /** 0 ≤ jitter < 1, drawn for each wait. */
  drawJitter: () => number;
  onFailure: ((error: ApiError | ConnectionError) => void) | undefined;
}

/** One try: sends the request and reads as much of the answer as is wanted. */
export type Attempt<R> = (request: WireRequest, limit: CallLimit) => Promise<R>;

/** What is wrong with an answer; undefined = nothing. */
export type Judge<R> = (answer: R) => ApiError | undefined | Promise<ApiError | undefined>;

/**
 * Tries until an answer is good, the retry table gives up, or the call's time is over. Throws `ApiError`,
 * `ConnectionError` or the reason of the signal.
 */
export async function performCall<R>(
  context: CallContext,
  request: ApiRequest,
  bounds: { timeoutMs: number; signal: AbortSignal | undefined },
  attempt: Attempt<R>,
  judge: Judge<R>,
): Promise<R> {
  const limit = new CallLimit(bounds.timeoutMs, bounds.signal);
  const wire = wireRequest(context, request);
  let renewed = false;
  let renew = false;
  try {
    for (let tries = 1; ; tries += 1) {
      if (context.token !== undefined) wire.headers["authorization"] = await authorization(context, wire, limit, renew);
      const end = limit.checkTime();
      if (end !== undefined) throw callEnd(context, wire, limit, end);
      const outcome = await tryOnce(wire, limit, attempt, judge);
      if ("answer" in outcome) return outcome.answer;
      const decision = planRetry({
        failure: outcome.failure,
        repeatable: request.repeatable,
        tries,
        tokenRenewable: context.token !== undefined && !renewed,
        remainingMs: limit.remainingMs(),
        jitter: context.drawJitter(),
      });
      if (decision === undefined) throw outcome.error;
      renew = decision.renewToken;
      renewed ||= renew;
      if (decision.delayMs > 0) await wait(decision.delayMs, context, wire, limit);
    }
  } catch (error) {
    if (error instanceof ApiError || error instanceof ConnectionError) context.onFailure?.(error);
    throw error;
  } finally {
    limit.release();
  }
}

function wireRequest(context: CallContext, request: ApiRequest): WireRequest {
  const headers: Record<string, string> = { accept: request.accept, "user-agent": "outrigger" };
  if (request.contentType !== undefined) headers["content-type"] = request.contentType;
  const path = `${context.basePath}${request.path}${request.query === "" ? "" : `?${request.query}`}`;
  return { method: request.method, path, headers, ...(request.body === undefined ? {} : { body: request.body }) };
}

type Outcome<R> = { answer: R } | { failure: TryFailure; error: Error };

async function tryOnce<R>(
  wire: WireRequest,
  limit: CallLimit,
  attempt: Attempt<R>,
  judge: Judge<R>,
): Promise<Outcome<R>> {
  try {
    const answer = await attempt(wire, limit);
    const error = await judge(answer);
    if (error === undefined) return { answer };
    const { status, retryAfterSeconds, causes } = error;
    return { failure: { type: "answer", status, retryAfterSeconds, causes }, error };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    const { connection, phase } = error;
    return {
      failure: { type: "connection", failure: connection.failure, responseStarted: phase === "answering" },
      error: connection,
    };
  }
}

async function authorization(
  context: CallContext,
  wire: WireRequest,
  limit: CallLimit,
  renew: boolean,
): Promise<string> {
  const { server, token } = context;
  try {
    const value = await limit.race(token?.({ renew }) ?? Promise.resolve(""), (end) =>
      callEnd(context, wire, limit, end),
    );
    return `Bearer ${value}`;
  } catch (error) {
    if (error instanceof ConnectionError || error instanceof ApiError || limit.aborted()) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new ConnectionError("credentials", server, `no credentials for API server ${server}: ${cause}`, {
      cause: error,
    });
  }
}

async function wait(delayMs: number, context: CallContext, wire: WireRequest, limit: CallLimit): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  try {
    await limit.race(promise, (end) => callEnd(context, wire, limit, end));
  } finally {
    clearTimeout(timer);
  }
}

function callEnd(
  context: CallContext,
  wire: WireRequest,
  limit: CallLimit,
  end: Parameters<typeof endError>[0],
): unknown {
  const error = endError(end, context.server, wire, "connecting", limit.timeoutMs);
  return error instanceof ExchangeError ? error.connection : error;
}
