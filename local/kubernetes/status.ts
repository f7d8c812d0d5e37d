import type { JsonObject } from "./json.ts";

/** One reason why an object is invalid: `type` as in Go's `field.ErrorType`, `detail` the text after "Invalid value: …". */
export interface Cause {
  reason: string;
  field: string;
  message: string;
}

export interface Failure {
  code: number;
  reason?: string;
  message: string;
  /** Absent = the Status has none. */
  details?: JsonObject;
  headers?: Record<string, string>;
}

/** A request failed: what the API server answers as a Status. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }

  get code(): number {
    return this.failure.code;
  }

  toStatus(): JsonObject {
    const { code, reason, message, details } = this.failure;
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** What a Status says about the kind (or resource) it is about. */
interface Named {
  group: string;
  /** The kind for `Invalid`, the plural for the others. */
  kind: string;
  name: string;
}

function detailsOf({ group, kind, name }: Named, causes?: readonly Cause[]): JsonObject {
  return {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind,
    ...(causes === undefined ? {} : { causes: causes.map((cause) => ({ ...cause })) }),
  };
}

/** `statefulsets.apps "a"`, as messages name things. */
function title({ group, kind, name }: Named): string {
  const qualified = group === "" ? kind : `${kind}.${group}`;
  return `${qualified} ${JSON.stringify(name)}`;
}

export const notFound = (named: Named): StatusError =>
  new StatusError({ code: 404, reason: "NotFound", message: `${title(named)} not found`, details: detailsOf(named) });

/** The path names no resource that is served. */
export const noSuchResource = (): StatusError =>
  new StatusError({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });

export const alreadyExists = (named: Named, prefix = ""): StatusError =>
  new StatusError({
    code: 409,
    reason: "AlreadyExists",
    message: `${prefix}${title(named)} already exists`,
    details: detailsOf(named),
  });

export const MODIFIED = "the object has been modified; please apply your changes to the latest version and try again";

export const conflict = (named: Named, problem: string): StatusError =>
  new StatusError({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${title(named)}: ${problem}`,
    details: detailsOf(named),
  });

export function invalid(named: Named, causes: readonly Cause[]): StatusError {
  const problems = causes.map(({ field, message }) => `${field}: ${message}`);
  const unique = [...new Set(problems)];
  const text = unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`;
  const message = `${title(named)} is invalid: ${text}`;
  return new StatusError({ code: 422, reason: "Invalid", message, details: detailsOf(named, causes) });
}

export const forbidden = (named: Named, problem: string, causes?: readonly Cause[]): StatusError =>
  new StatusError({
    code: 403,
    reason: "Forbidden",
    message: `${named.name === "" ? title(named).slice(0, -3) : title(named)} is forbidden: ${problem}`,
    details: detailsOf(named, causes),
  });

export const badRequest = (message: string): StatusError =>
  new StatusError({ code: 400, reason: "BadRequest", message });

export const unauthorized = (): StatusError =>
  new StatusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });

export const methodNotAllowed = (): StatusError =>
  new StatusError({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });

export const unsupportedMediaType = (message: string, details?: JsonObject): StatusError =>
  new StatusError({ code: 415, reason: "UnsupportedMediaType", message, ...(details && { details }) });

/** A failure without a reason, as the API server reports what it did not foresee. */
export const internal = (message: string): StatusError => new StatusError({ code: 500, message });

export const expired = (message: string): StatusError => new StatusError({ code: 410, reason: "Expired", message });

/** What the embedded API does not do. Never answered by the real one, so nobody mistakes it for an answer of Kubernetes. */
export const notImplemented = (what: string): StatusError =>
  new StatusError({
    code: 501,
    reason: "NotImplemented",
    message: `the embedded Kubernetes API does not implement ${what}; use a real control plane (--kubernetes real) for it`,
    details: {},
  });

const show = (value: unknown): string => JSON.stringify(value) ?? "null";

/** Causes with the texts of Go's field errors. */
export const causes = {
  required: (field: string, detail = ""): Cause => ({
    reason: "FieldValueRequired",
    message: detail === "" ? "Required value" : `Required value: ${detail}`,
    field,
  }),
  invalid: (field: string, value: unknown, detail: string): Cause => ({
    reason: "FieldValueInvalid",
    message: `Invalid value: ${show(value)}: ${detail}`,
    field,
  }),
  /** `value` is the name of the JSON type that was found. */
  type: (field: string, value: string, detail: string): Cause => ({
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: ${show(value)}: ${detail}`,
    field,
  }),
  unsupported: (field: string, value: unknown, supported: readonly string[]): Cause => ({
    reason: "FieldValueNotSupported",
    message: `Unsupported value: ${show(value)}: supported values: ${supported.map(show).join(", ")}`,
    field,
  }),
  duplicate: (field: string, value: unknown): Cause => ({
    reason: "FieldValueDuplicate",
    message: `Duplicate value: ${show(value)}`,
    field,
  }),
  forbidden: (field: string, detail: string): Cause => ({
    reason: "FieldValueForbidden",
    message: `Forbidden: ${detail}`,
    field,
  }),
  tooLong: (field: string, bytes: number): Cause => ({
    reason: "FieldValueTooLong",
    message: `Too long: may not be more than ${bytes} bytes`,
    field,
  }),
  tooMany: (field: string, count: number, limit: number): Cause => ({
    reason: "FieldValueTooMany",
    message: `Too many: ${count}: must have at most ${limit} items`,
    field,
  }),
};
