import { ApiError, ConnectionError } from "../kubernetes/errors.ts";
import type { ClusterReason } from "./reason.ts";

/** Why a cluster could not be read, for a condition. */
export interface ClusterTrouble {
  reason: ClusterReason;
  message: string;
}

/**
 * What an error of the Kubernetes client means for a rollout; undefined for any other error.
 * @param goesOn what becomes of the rollout where nobody has to do anything.
 */
export function describeTrouble(
  error: unknown,
  goesOn = "Nothing is changed; it is tried again.",
): ClusterTrouble | undefined {
  if (error instanceof ConnectionError) {
    return {
      reason: "Unreachable",
      message: `${error.server} did not answer (${error.failure}): ${error.message}. ${goesOn}`,
    };
  }
  if (!(error instanceof ApiError)) return undefined;
  if (error.status === 401) {
    return {
      reason: "AuthFailed",
      message: `${error.request}: ${error.message}. Give the hub's role an access entry again.`,
    };
  }
  if (error.status === 403) {
    // An admission policy or webhook says what to do itself.
    const denied = /denied (the )?request/.test(error.message);
    const next = denied ? "" : " Apply the ClusterRole of the capability rollouts again.";
    return { reason: "Forbidden", message: `${error.request} was refused: ${error.message}.${next}` };
  }
  if (error.status === 404 && error.request.includes("/apis/rollout.grafana.com/")) {
    return {
      reason: "CustomResourceMissing",
      message: `${error.request}: the CustomResourceDefinition of MultiAZRollout is not served. Install it; nothing is changed until then.`,
    };
  }
  return {
    reason: "ApiServerError",
    message: `${error.request}: ${error.message}. ${goesOn}`,
  };
}

const REASONS = ["Unreachable", "AuthFailed", "Forbidden", "CustomResourceMissing", "ApiServerError"];

/** Whether a condition reason says that the cluster could not be read. */
export function isTrouble(reason: string | undefined): boolean {
  return reason !== undefined && REASONS.includes(reason);
}
