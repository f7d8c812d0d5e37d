import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { KubernetesObject, StatefulSet } from "../kubernetes/objects.ts";
import { CONTROLLER_REVISIONS, STATEFUL_SETS } from "../kubernetes/types.ts";
import type { ActionOutcome } from "../work/reconciler.ts";
import { claimOf } from "./claim.ts";
import { mergeDifference } from "./merge-difference.ts";
import type { RestoreAction } from "./plan-actions.ts";

interface ControllerRevision extends KubernetesObject {
  data?: { spec?: { template?: Record<string, unknown> } };
}

/**
 * Gives a StatefulSet the template of an earlier revision, as `kubectl rollout undo` does, while it still has the one that
 * stalled and is still claimed by `owner`.
 * @throws ApiError when the cluster refuses (403).
 */
export async function restoreTemplate(
  client: KubernetesClient,
  action: RestoreAction,
  { namespace, owner }: { namespace: string; owner: string },
): Promise<Pick<ActionOutcome, "result" | "message"> & { statefulSet?: StatefulSet }> {
  const target = { namespace, name: action.statefulSet };
  const [revision, current] = await Promise.all([
    findRevision(client, namespace, action.to),
    client.get<StatefulSet>(STATEFUL_SETS, target),
  ]);
  const template = revision?.data?.spec?.template;
  if (template === undefined) {
    const message = `ControllerRevision ${action.to} is gone (revisionHistoryLimit), so StatefulSet ${action.statefulSet} cannot be rolled back; put the template you want into it.`;
    return { result: "refused", message };
  }
  const { observedGeneration = 0, updateRevision } = current.status ?? {};
  const unseen = observedGeneration < (current.metadata.generation ?? 0);
  if (claimOf(current) !== owner || unseen || updateRevision !== action.from) {
    return { result: "preconditionFailed", message: "its template or its claim has changed meanwhile" };
  }
  const { $patch: _$patch, ...wanted } = template;
  const patch = {
    metadata: { resourceVersion: current.metadata.resourceVersion },
    spec: { template: mergeDifference(current.spec.template, wanted) ?? {} },
  };
  try {
    const options = { type: "merge", fieldManager: "outrigger" } as const;
    return { result: "done", statefulSet: await client.patch<StatefulSet>(STATEFUL_SETS, target, patch, options) };
  } catch (error) {
    if (isApiError(error, 409)) return { result: "preconditionFailed", message: error.message };
    throw error;
  }
}

async function findRevision(
  client: KubernetesClient,
  namespace: string,
  name: string,
): Promise<ControllerRevision | undefined> {
  try {
    return await client.get<ControllerRevision>(CONTROLLER_REVISIONS, { namespace, name });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
