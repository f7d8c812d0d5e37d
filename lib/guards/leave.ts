import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import { ForbiddenGuardError, ForeignGuardError } from "./errors.ts";
import { removeGuard } from "./execute.ts";
import { type GuardScope, noDownscaleGuard } from "./no-downscale.ts";
import type { GuardMemory } from "./plan.ts";

/**
 * Takes the guard out of a cluster that is deregistered; where none was put, nothing is asked. One that is another's stays.
 * Where it was only ever intended, for want of a rule, the same rule does not stand in the way of leaving.
 * @throws ForbiddenGuardError where one was put and the rules for it are gone; ApiError, ConnectionError.
 */
export async function leaveGuard(
  client: KubernetesClient,
  owner: Pick<GuardScope, "hubId" | "cluster">,
  memory: GuardMemory | undefined,
): Promise<void> {
  if (memory?.definition === undefined) return;
  try {
    await removeGuard(client, noDownscaleGuard({ ...owner, namespaces: [], followsInSeconds: 0 }, []), () => true);
  } catch (error) {
    if (error instanceof ForeignGuardError) return;
    if (!isApiError(error, 403)) throw error;
    if (memory.definition !== "") throw new ForbiddenGuardError(error);
  }
}
