import { Agent, request } from "undici";

/** Calls one API server as its administrator; for setting clusters up and for tests. */
export interface AdminClient {
  /**
   * @param contentType of the body; default `application/json`.
   * @returns the parsed JSON answer, or its text when it is no JSON.
   * @throws AdminRequestError for every HTTP status from 400.
   */
  request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<unknown>;
  close(): Promise<void>;
}

/** What a client certificate user of one API server needs. */
export interface AdminCredentials {
  server: string;
  caPem: string;
  certPem: string;
  keyPem: string;
}

/** An answer from 400 up; `body` is the Status object when the server sent one. */
export class AdminRequestError extends Error {
  override readonly name = "AdminRequestError";
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown, message: string) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Opens a pooled client; close it when done. */
export function createAdminClient(credentials: AdminCredentials): AdminClient {
  const { server, caPem, certPem, keyPem } = credentials;
  const dispatcher = new Agent({ connect: { ca: caPem, cert: certPem, key: keyPem }, connections: 8 });
  return {
    async request(method, path, body, contentType = "application/json") {
      const response = await request(`${server}${path}`, {
        dispatcher,
        method,
        headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": contentType }) },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.body.text();
      const parsed = parse(text);
      if (response.statusCode >= 400) {
        throw new AdminRequestError(
          response.statusCode,
          parsed,
          `${method} ${path} answered ${response.statusCode}: ${text.trim()}`,
        );
      }
      return parsed;
    },
    close: () => dispatcher.close(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
