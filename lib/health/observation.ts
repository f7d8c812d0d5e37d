import type { ConnectionFailure } from "../kubernetes/errors.ts";
import type { Node } from "../kubernetes/objects.ts";

/** The answer to one of the two requests, or why there was none. */
export type Answer<T> =
  | { type: "answered"; value: T }
  | { type: "refused"; status: number; message: string }
  | { type: "unanswered"; failure: ConnectionFailure; message: string }
  /** AWS or the kubeconfig gave no access, so nobody was asked. `reason` as the connector gave it. */
  | { type: "noAccess"; reason: string; message: string };

/** What one probe saw. */
export interface HealthObservation {
  readyz: Answer<{ status: number; body: string; path: "/readyz" | "/healthz" }>;
  /** Absent when the first request already failed: there is nothing more to learn. */
  nodes?: Answer<Node[]>;
  /** Milliseconds until the first answer; absent when none came. */
  latencyMs?: number;
  /** The API server's own clock where it sent one, else ours. ISO-8601 UTC. */
  observedAt: string;
}
