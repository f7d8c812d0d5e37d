import { ApiError, ConnectionError, isApiError } from "../kubernetes/errors.ts";
import type { Condition } from "../kubernetes/objects.ts";
import { ForeignGuardError, NoTimeLeftError } from "./errors.ts";
import { NO_DOWNSCALE_LABEL, NO_DOWNSCALE_POLICY } from "./names.ts";

/** The condition `Guarded` of a cluster's discovery. */
export type GuardFinding = Omit<Condition, "lastTransitionTime">;

const finding = (status: Condition["status"], reason: string, message: string): GuardFinding => ({
  type: "Guarded",
  status,
  reason,
  message,
});

/** The guard is in place. */
export const guarded = (protectedSets: number): GuardFinding =>
  finding("True", "NoDownscale", `${labelled(protectedSets)} cannot be scaled down`);

const labelled = (protectedSets: number): string =>
  `${protectedSets} StatefulSet${protectedSets === 1 ? "" : "s"} labelled ${NO_DOWNSCALE_LABEL}=true`;

/**
 * Why a cluster has not the guard it should have.
 * @param protectedSets undefined when they could not be listed.
 * @returns undefined for an error that is no answer of the cluster.
 */
export function unguarded(
  error: unknown,
  cluster: string,
  protectedSets: number | undefined,
): GuardFinding | undefined {
  const sets = !protectedSets ? "" : `, so ${labelled(protectedSets)} can be scaled down`;
  if (error instanceof ForeignGuardError) {
    const message =
      `in cluster ${cluster} ${error.message} and is left alone; ${labelled(protectedSets ?? 0)} are protected only where that guard reaches: ` +
      `keep one registration for all namespaces, or have the other one deregistered (\`kubectl delete validatingadmissionpolicy ${NO_DOWNSCALE_POLICY}\` if it is gone)`;
    return finding("False", "GuardElsewhere", message);
  }
  if (error instanceof NoTimeLeftError)
    return finding("Unknown", "NoTimeLeft", "no time was left for the guard in this pass; it goes on with the next");
  if (error instanceof ConnectionError)
    return finding("Unknown", "Unreachable", `cluster ${cluster} did not answer (${error.failure}): ${error.message}`);
  if (!(error instanceof ApiError)) return undefined;
  if (isForbidden(error)) {
    const role = protectedSets === undefined ? "rollouts" : "guards";
    const message =
      `cluster ${cluster} forbids the guard${sets}: ${error.request}: ${error.message}; ` +
      `bind outrigger:${role} to the group outrigger (config/rbac/${role}.yaml)`;
    return finding("False", "Forbidden", message);
  }
  if (error.status === 404) {
    const message =
      `cluster ${cluster} serves no ValidatingAdmissionPolicy of admissionregistration.k8s.io/v1${sets}: Kubernetes 1.30 and newer do; ` +
      "upgrade it, or take the label off";
    return finding("False", "GuardUnsupported", message);
  }
  return finding(
    "False",
    "ServerError",
    `cluster ${cluster} answered ${error.request} with ${error.status}: ${error.message}${sets}`,
  );
}

/** Whether a rule is missing. */
export const isForbidden = (error: unknown): boolean => isApiError(error, 403);
