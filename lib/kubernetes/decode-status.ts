import type { IncomingHttpHeaders } from "node:http";
import { ApiError, type StatusCause } from "./errors.ts";

interface Status {
  kind?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { causes?: StatusCause[]; retryAfterSeconds?: number };
}

/** A failed answer and where it came from. */
export interface FailedAnswer {
  server: string;
  /** Method and path without query. */
  request: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Reads a failed answer: the Status in it, or what can be said of an answer that holds none (a proxy's, an aborted one). */
export function decodeFailure(answer: FailedAnswer): ApiError {
  const status = parseStatus(answer.body);
  return apiError(status ?? {}, {
    ...answer,
    text: status === undefined ? answer.body : "",
    retryAfterSeconds: retryAfter(answer.headers) ?? status?.details?.retryAfterSeconds,
  });
}

/** Reads the Status inside a watch's ERROR event. */
export function decodeWatchError(object: unknown, server: string, request: string): ApiError {
  const status = isStatus(object) ? object : {};
  return apiError(status, {
    server,
    request,
    status: status.code ?? 500,
    text: isStatus(object) ? "" : JSON.stringify(object),
    retryAfterSeconds: status.details?.retryAfterSeconds,
  });
}

function apiError(
  status: Status,
  answer: { server: string; request: string; status: number; text: string; retryAfterSeconds: number | undefined },
): ApiError {
  return new ApiError({
    status: answer.status,
    reason: status.reason ?? "",
    message: message(status, answer),
    request: answer.request,
    causes: status.details?.causes ?? [],
    retryAfterSeconds: answer.retryAfterSeconds,
  });
}

function message(status: Status, answer: { server: string; request: string; status: number; text: string }): string {
  if (answer.status === 401) {
    return `API server ${answer.server} does not accept our credentials (401 to ${answer.request}): the token or certificate is expired, or not known to it; check the cluster's access entry or kubeconfig`;
  }
  if (status.message !== undefined && status.message !== "") return status.message;
  const text = answer.text.replaceAll(/\s+/g, " ").trim().slice(0, 200);
  return `API server ${answer.server} answered ${answer.status} to ${answer.request}${text === "" ? "" : `: ${text}`}`;
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isStatus(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "Status";
}

/** Retry-After in seconds: a number, or an HTTP date read against the answer's own Date. */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const seconds = (Date.parse(value) - Date.parse(headers.date ?? "")) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
