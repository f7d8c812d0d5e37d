import type { KubernetesClient } from "../kubernetes/client.ts";
import { ApiError, ConnectionError } from "../kubernetes/errors.ts";
import { createKubernetesClient, type TransportOptions } from "../kubernetes/transport.ts";
import type { Connect } from "../registry/ports.ts";
import type { Registration } from "../registry/registration.ts";
import { RetryableError, TerminalError } from "../work/verdict.ts";
import type { ResolveAccess } from "./cluster-access.ts";
import { ClusterAccessError } from "./cluster-access-error.ts";
import type { ResolvedAccess } from "./eks-access.ts";

export interface ConnectorOptions {
  resolveAccess: ResolveAccess;
  transport?: Omit<TransportOptions, "onFailure">;
  /** Epoch milliseconds; default the wall clock. */
  nowMs?: () => number;
}

/** Clients kept at most; those unused for `UNUSED_MS` make room. */
const MOST_CLIENTS = 64;
const UNUSED_MS = 5 * 60_000;
/** A failing cluster is described again at most this often. */
const REFRESH_INTERVAL_MS = 30_000;
/** A client that was replaced may still be in somebody's hands. */
const CLOSE_DELAY_MS = 60_000;

interface Connection {
  client: KubernetesClient;
  fingerprint: string;
  resolvedAtMs: number;
  usedAtMs: number;
  /** A failure made it doubtful that endpoint, authority and credentials are still the right ones. */
  doubtful: boolean;
}

/**
 * Clients of registered clusters, one per registration identity, shared by all passes of a process: never close one.
 * Rejects with `TerminalError` when access needs somebody to act (reason as condition reason) and with `RetryableError`
 * when AWS cannot answer for now.
 */
export function createConnector(options: ConnectorOptions): Connect {
  const connections = new Map<string, Promise<Connection>>();
  const nowMs = options.nowMs ?? Date.now;

  return async (registration) => {
    const key = JSON.stringify([registration.identity, registration.access]);
    const previous = connections.get(key);
    const next =
      previous === undefined ? open(options, registration, nowMs()) : refresh(options, registration, previous, nowMs());
    connections.set(key, next);
    try {
      const connection = await next;
      connection.usedAtMs = nowMs();
      await makeRoom(connections, nowMs());
      return connection.client;
    } catch (error) {
      if (connections.get(key) === next) connections.delete(key);
      if (!(error instanceof ClusterAccessError)) throw error;
      if (error.passing) throw new RetryableError(error.message, { cause: error });
      throw new TerminalError(error.reason, error.message, { cause: error });
    }
  };
}

async function open(options: ConnectorOptions, registration: Registration, now: number): Promise<Connection> {
  return connect(options, await resolveSame(options, registration), now);
}

async function refresh(
  options: ConnectorOptions,
  registration: Registration,
  previous: Promise<Connection>,
  now: number,
): Promise<Connection> {
  const connection = await previous;
  if (!connection.doubtful || now - connection.resolvedAtMs < REFRESH_INTERVAL_MS) return connection;
  connection.doubtful = false;
  connection.resolvedAtMs = now;
  try {
    const resolved = await resolveSame(options, registration);
    if (resolved.fingerprint === connection.fingerprint) return connection;
    closeLater(connection);
    return connect(options, resolved, now);
  } catch (error) {
    if (error instanceof ClusterAccessError && error.passing) return connection;
    closeLater(connection);
    throw error;
  }
}

/** A cluster that was deleted and created again, or a secret that now holds another cluster's kubeconfig, is not it. */
async function resolveSame(options: ConnectorOptions, registration: Registration): Promise<ResolvedAccess> {
  const resolved = await options.resolveAccess(registration.access);
  if (resolved.identity === registration.identity) return resolved;
  const message = `cluster ${registration.name} was registered as ${registration.identity} and is now ${resolved.identity}: it is another cluster; register it again`;
  throw new ClusterAccessError("IdentityChanged", message);
}

function connect(options: ConnectorOptions, resolved: ResolvedAccess, now: number): Connection {
  const connection: Connection = {
    client: createKubernetesClient(resolved.access, {
      ...options.transport,
      onFailure: (error) => {
        connection.doubtful ||= castsDoubt(error);
      },
    }),
    fingerprint: resolved.fingerprint,
    resolvedAtMs: now,
    usedAtMs: now,
    doubtful: false,
  };
  return connection;
}

function castsDoubt(error: ApiError | ConnectionError): boolean {
  if (error instanceof ApiError) return error.status === 401;
  return error.failure !== "reset";
}

async function makeRoom(connections: Map<string, Promise<Connection>>, now: number): Promise<void> {
  if (connections.size <= MOST_CLIENTS) return;
  for (const [key, entry] of connections) {
    const connection = await entry.catch(() => undefined);
    if (connection === undefined || now - connection.usedAtMs < UNUSED_MS) continue;
    connections.delete(key);
    closeLater(connection);
  }
}

function closeLater({ client }: Connection): void {
  setTimeout(() => void client.close(), CLOSE_DELAY_MS).unref();
}
