import type { Registration } from "../registry/registration.ts";
import type { ShiftReading } from "../rollouts/gates.ts";
import { awsCause, awsErrorCode, isDenied } from "./cluster-access-error.ts";
import type { EksClients, EksRegistrationAccess } from "./eks-clients.ts";

/**
 * Tells which zones a cluster's traffic is shifted away from, by zonal shifts and autoshifts of Application Recovery
 * Controller: asked with the credentials the registration names, in the cluster's region. A cluster that is not enabled for
 * zonal shift, or is known by a kubeconfig, has none.
 *
 * Rejects when ARC does not answer, also where its name is not known: every region with EKS has ARC zonal shift, so that is an
 * outage of DNS. That the hub may not ask is an answer.
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
      if (!isDenied(error)) throw error;
      return { result: "Unavailable", reason: "AccessDenied", message: describeDenial(error, access) };
    }
  };
}

/** What no waiting cures and is no sign of a shift. */
function describeDenial(error: unknown, { arn, roleArn }: EksRegistrationAccess): string {
  const whom = roleArn === undefined ? "the role of the hub's function rollout" : `the role ${roleArn}`;
  return `Zonal shifts of ${arn} cannot be looked up (${awsCause(error)}), so none holds this rollout; allow arc-zonal-shift:GetManagedResource to ${whom}.`;
}
