import { Logger } from "@aws-lambda-powertools/logger";
import type { Log } from "../work/ports.ts";

type Level = "DEBUG" | "INFO" | "WARN" | "ERROR";

const REDACTED = "[redacted]";

/** Names of fields that are never logged, wherever they are nested. */
const SECRET_FIELD =
  /(token|secret(string|value)|password|authorization|kubeconfig$|keypem|cadata|clientkey|private|credential)/i;

/** Values that look like a credential: bearer tokens, EKS tokens, JSON web tokens, PEM keys, presigned signatures. */
const SECRET_VALUE =
  /(Bearer\s+)[\w.~+/=-]+|k8s-aws-v1\.[\w-]+|eyJ[\w-]{10,}\.[\w-]+\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"]+/g;

/** @returns the value with everything that looks like a secret replaced; deep, without touching the original. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string")
    return value.replace(SECRET_VALUE, (_match, bearer = "", query = "") => `${bearer}${query}${REDACTED}`);
  if (typeof value !== "object" || value === null || depth > 8) return value;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (value instanceof Error)
    return { name: value.name, message: redact(value.message), stack: redact(value.stack ?? "") };
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      field,
      SECRET_FIELD.test(field) && typeof inner === "string" ? REDACTED : redact(inner, depth + 1),
    ]),
  );
}

/** Structured log lines of one function, with secrets redacted. */
export function createLogger(options: { name: string; level: Level; stack: string }): { logger: Logger; log: Log } {
  const logger = new Logger({
    serviceName: options.name,
    logLevel: options.level,
    persistentKeys: { stack: options.stack },
  });
  const log: Log = (level, message, fields = {}) =>
    logger[level](String(redact(message)), redact(fields) as Record<string, unknown>);
  return { logger, log };
}
