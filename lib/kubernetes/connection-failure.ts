import { ConnectionError, type ConnectionFailure } from "./errors.ts";
import { REFUSED_ADDRESS } from "./guarded-lookup.ts";

const DNS_CODES = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA", "EAI_NONAME", REFUSED_ADDRESS]);
const TCP_CODES = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EACCES",
]);
const TIMEOUT_CODES = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);
/** OpenSSL's verification results; the rest of its codes begin with CERT_, ERR_SSL_, ERR_TLS_ or ERR_OSSL_. */
const TLS_CODES = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "HOSTNAME_MISMATCH",
  "EPROTO",
]);
const UNTRUSTED_CODES = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

/** Node joins the failures of several addresses in an `AggregateError`; the first with a code speaks for all. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== "") ?? "";
  if (!(error instanceof Error)) return "";
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code !== "") return code;
  return error.cause === undefined ? "" : codeOf(error.cause);
}

function failureOf(code: string): ConnectionFailure {
  if (DNS_CODES.has(code)) return "dns";
  if (TCP_CODES.has(code)) return "tcp";
  if (TIMEOUT_CODES.has(code)) return "timeout";
  if (TLS_CODES.has(code) || /^(CERT_|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/.test(code)) return "tls";
  return "reset";
}

function explain(failure: ConnectionFailure, server: string, code: string, error: unknown): string {
  const { host, hostname } = new URL(server);
  const detail = error instanceof Error && error.message !== "" ? error.message : code;
  if (code === REFUSED_ADDRESS) return `API server ${server} is not contacted: ${detail}`;
  if (failure === "dns") return `the host ${hostname} of API server ${server} cannot be resolved (${code})`;
  if (failure === "tcp") return `no connection to API server ${server}: ${host} cannot be reached (${code})`;
  if (failure === "timeout") return `API server ${server} gave no answer in time (${code})`;
  if (failure === "reset") return `API server ${server} broke the connection (${detail})`;
  if (UNTRUSTED_CODES.has(code)) {
    return `the certificate of API server ${server} was not issued by the certificate authority registered for it (${code})`;
  }
  return `no TLS connection to API server ${server}: ${detail}`;
}

/** Names what kept an answer from coming, from the error of the socket, TLS or HTTP layer. */
export function connectionFailure(server: string, error: unknown): ConnectionError {
  const code = codeOf(error);
  const failure = failureOf(code);
  return new ConnectionError(failure, server, explain(failure, server, code, error), { cause: error });
}
