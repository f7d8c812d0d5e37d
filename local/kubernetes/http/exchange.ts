import type { CertificateSubject } from "../auth/authenticate.ts";
import type { Json } from "../json.ts";

/** A request as the API reads it, however it came in. */
export interface ApiRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  body: string;
  /** Of a client certificate that the cluster's authority signed. */
  subject?: CertificateSubject | undefined;
}

/** Where a watch writes its events. */
export interface Sink {
  write(line: string): void;
  end(): void;
}

export interface ApiResponse {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, everything else as JSON. */
  body?: Json;
  /** Instead of a body: writes until the sink ends. @returns stops it. */
  stream?: (sink: Sink) => () => void;
}
