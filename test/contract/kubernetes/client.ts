import { Agent, request } from "undici";

/** A running API server and the ways in. */
export interface Subject {
  server: string;
  caPem: string;
  admin: { certPem: string; keyPem: string };
  /** A bearer token for a user. */
  token(user: string, groups: readonly string[]): string;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** Parsed, or the text when it is no JSON. */
  body: unknown;
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  contentType?: string;
  accept?: string;
  as?: string;
}

export interface WatchEvent {
  type: string;
  object: { metadata: { name: string; resourceVersion: string; [field: string]: unknown }; [field: string]: unknown };
}

export interface ContractClient {
  call(call: Call): Promise<Reply>;
  /** Collects events until they are enough and no more came for `quietMs` after that, or until the server ended the watch. */
  watch(path: string, isEnough: (events: readonly WatchEvent[]) => boolean, quietMs: number): Promise<WatchEvent[]>;
  close(): Promise<void>;
}

export function createContractClient(subject: Subject): ContractClient {
  const { server, caPem, admin } = subject;
  const asAdmin = new Agent({ connect: { ca: caPem, cert: admin.certPem, key: admin.keyPem }, connections: 16 });
  const asOther = new Agent({ connect: { ca: caPem }, connections: 4 });
  const credentials = (as: string | undefined): Record<string, string> => {
    if (as === undefined || as === "") return {};
    const [user = "", groups = ""] = as.split(":");
    return { authorization: `Bearer ${subject.token(user, groups === "" ? [] : groups.split(","))}` };
  };
  return {
    async call({ method, path, body, contentType = "application/json", accept = "application/json", as }) {
      const response = await request(`${server}${path}`, {
        dispatcher: as === undefined ? asAdmin : asOther,
        method,
        headers: { accept, ...credentials(as), ...(body === undefined ? {} : { "content-type": contentType }) },
        body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      });
      const text = await response.body.text();
      return { status: response.statusCode, headers: response.headers as Record<string, string>, body: parse(text) };
    },
    async watch(path, isEnough, quietMs) {
      const stop = new AbortController();
      const { signal } = stop;
      const { statusCode, body } = await request(`${server}${path}`, { dispatcher: asAdmin, signal });
      if (statusCode !== 200) throw new Error(`GET ${path} answered ${statusCode} ${await body.text()}`);
      const events: WatchEvent[] = [];
      let quiet: NodeJS.Timeout | undefined;
      const look = (): void => {
        if (quiet !== undefined) quiet.refresh();
        else if (isEnough(events)) quiet = setTimeout(() => stop.abort(), quietMs);
      };
      let rest = "";
      try {
        look();
        for await (const chunk of body.setEncoding("utf8") as AsyncIterable<string>) {
          const lines = `${rest}${chunk}`.split("\n");
          rest = lines.pop() ?? "";
          events.push(...lines.map((line) => JSON.parse(line) as WatchEvent));
          look();
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        clearTimeout(quiet);
      }
      return events;
    },
    async close() {
      await Promise.all([asAdmin.destroy(), asOther.destroy()]);
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
