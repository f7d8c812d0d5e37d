/** A cause inside a Kubernetes Status: which field, and what about it. */
export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

/** The API server answered with a failure Status (or a failure that is no Status: then `reason` is empty). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status, e.g. 409. */
  readonly status: number;
  /** Status reason, e.g. `Conflict`, `Invalid`, `Forbidden`, `Expired`; "" when the body held none. */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  /** From Retry-After or `details.retryAfterSeconds`. */
  readonly retryAfterSeconds: number | undefined;
  /** What was asked: method and path without query, e.g. `DELETE /api/v1/namespaces/a/pods/b`. */
  readonly request: string;

  constructor(fields: {
    status: number;
    reason: string;
    message: string;
    request: string;
    causes?: readonly StatusCause[];
    retryAfterSeconds?: number | undefined;
  }) {
    super(fields.message);
    this.status = fields.status;
    this.reason = fields.reason;
    this.request = fields.request;
    this.causes = fields.causes ?? [];
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}

/** Why no answer came from the API server. */
export type ConnectionFailure = "dns" | "tcp" | "tls" | "timeout" | "reset" | "credentials";

/** No answer came: the name did not resolve, nobody listened, the certificate was not the registered one, time ran out. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly failure: ConnectionFailure;
  readonly server: string;

  constructor(failure: ConnectionFailure, server: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
    this.server = server;
  }
}

/** @returns whether the error is an `ApiError` with this HTTP status (and reason, when given). */
export function isApiError(error: unknown, status: number, reason?: string): error is ApiError {
  return error instanceof ApiError && error.status === status && (reason === undefined || error.reason === reason);
}
