import type { Registration } from "../registry/registration.ts";
import type { ShiftReading } from "../rollouts/gates.ts";
import { awsCause, awsErrorCode, isDenied } from "./cluster-access-error.ts";
import type { EksClients, EksRegistrationAccess } from "./eks-clients.ts";

/**
 * Tells which zones a cluster's traffic is shifted away from, by zonal shifts and autoshifts of Application Recovery
 * Controller: asked with the credentials the registration names, in the cluster's region. A cluster that is not enabled for
 * zonal shift, or is known by a kubeconfig, has none.
 *
 * Rejects when ARC does not answer. That the hub may not ask, or that the region has no ARC, is an answer.
 */
export function createZonalShifts(clientOf: EksClients) {
  return async ({ access }: Pick<Registration, "access">): Promise<ShiftReading> => {
    if (access.type !== "eks") return { result: "Known", awayFrom: [] };
    const { getManagedResource } = await import("./arc-managed-resource.ts"); // By the first rollout that is about to delete.
    try {
      const { zonalShifts, autoshifts } = await getManagedResource(clientOf(access), access);
      const zones = [...zonalShifts, ...autoshifts].map(({ awayFrom }) => awayFrom);
      return { result: "Known", awayFrom: [...new Set(zones)].sort() };
    } catch (error) {
      if (awsErrorCode(error) === "ResourceNotFoundException") return { result: "Known", awayFrom: [] };
      const unavailable = whyUnavailable(error, access);
      if (unavailable === undefined) throw error;
      return { result: "Unavailable", ...unavailable };
    }
  };
}

/** What no waiting cures and is no sign of a shift. */
function whyUnavailable(
  error: unknown,
  { arn, region, roleArn }: EksRegistrationAccess,
): { reason: string; message: string } | undefined {
  if (isDenied(error)) {
    const whom = roleArn === undefined ? "the role of the hub's function rollout" : `the role ${roleArn}`;
    const message = `Zonal shifts of ${arn} cannot be looked up (${awsCause(error)}), so none holds this rollout; allow arc-zonal-shift:GetManagedResource to ${whom}.`;
    return { reason: "AccessDenied", message };
  }
  if ((error as NodeJS.ErrnoException).code !== "ENOTFOUND") return undefined;
  const message = `Zonal shifts of ${arn} cannot be looked up: ${region} has no endpoint of ARC zonal shift, so none holds this rollout.`;
  return { reason: "NotOffered", message };
}
