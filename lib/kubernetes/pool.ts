import Pool from "undici/lib/dispatcher/pool.js";
import type { ClusterAccess } from "./client.ts";
import { guardedLookup } from "./guarded-lookup.ts";

export interface PoolOptions {
  /** Connections kept for requests; watches have their own. 1..8. */
  maxSockets: number;
  /** Milliseconds until a TLS connection must stand. */
  connectTimeoutMs: number;
}

/**
 * Connections idle for longer are not used again. Well below the 90 s after which an API server closes them and the
 * 350 s after which a load balancer forgets them without a word.
 */
const IDLE_LIMIT_MS = 30_000;

/**
 * The connections to one API server. HTTP/1.1 with keep-alive: measured on loopback, undici's dispatch does 2–3 times the
 * requests per second of node:https with an agent, at a third of its CPU.
 */
export class ConnectionPool {
  readonly origin: string;
  readonly #access: ClusterAccess;
  readonly #options: PoolOptions;
  #requests: Pool;
  #watches: Pool | undefined;
  #usedAtMs = Date.now();

  constructor(access: ClusterAccess, options: PoolOptions) {
    const url = new URL(access.server);
    if (url.protocol !== "https:") throw new TypeError(`API server ${access.server} must be an https URL`);
    this.origin = url.origin;
    this.#access = access;
    this.#options = options;
    this.#requests = this.#open(options.maxSockets);
  }

  #open(connections: number | null): Pool {
    const { caPem, clientCertificate, serverName, insecureSkipTlsVerify, refuseAddress } = this.#access;
    return new Pool(this.origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: IDLE_LIMIT_MS,
      keepAliveMaxTimeout: IDLE_LIMIT_MS,
      // Every exchange is bounded by its own CallLimit or idle timer, which fires to the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: this.#options.connectTimeoutMs,
        rejectUnauthorized: insecureSkipTlsVerify !== true,
        ...(caPem === undefined ? {} : { ca: caPem }),
        ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certPem, key: clientCertificate.keyPem }),
        ...(serverName === undefined ? {} : { servername: serverName }),
        ...(refuseAddress === undefined ? {} : { lookup: guardedLookup(refuseAddress) }),
      },
    });
  }

  /**
   * Connections for requests. A process that was frozen (Lambda between two invocations) wakes up with connections the
   * other side dropped long ago, before any idle timer could fire: such a pool is replaced.
   */
  requests(): Pool {
    const nowMs = Date.now();
    if (nowMs - this.#usedAtMs > IDLE_LIMIT_MS) {
      void this.#requests.close();
      this.#requests = this.#open(this.#options.maxSockets);
    }
    this.#usedAtMs = nowMs;
    return this.#requests;
  }

  /** Connections for watches, one each: a watch never keeps a request waiting. */
  watches(): Pool {
    this.#watches ??= this.#open(null);
    return this.#watches;
  }

  async close(): Promise<void> {
    await Promise.all([this.#requests.destroy(), this.#watches?.destroy()]);
  }
}
