import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import { PODS, STATEFUL_SETS } from "../kubernetes/types.ts";
import type { ActionOutcome } from "../work/reconciler.ts";
import { adoptionPatch } from "./adoption.ts";
import { attempt, type Executed, type ExecuteOptions, skipped } from "./attempt.ts";
import { claimOf } from "./claim.ts";
import { claimStatefulSet, releaseClaim } from "./claims.ts";
import type {
  AdoptAction,
  ClaimAction,
  DeleteAction,
  ReleaseAction,
  RestoreAction,
  RevisionAction,
  RolloutAction,
} from "./plan-actions.ts";
import { isReplicaAction } from "./replica-actions.ts";
import { restoreTemplate } from "./restore.ts";
import { executeReplicas } from "./scale.ts";

/** Deletes of one batch that may be under way at once; each has its own precondition. */
const CONCURRENT_DELETES = 8;

/**
 * Carries the actions out: claims one after the other, then strategies, pods told that they stay, deletes, replicas, and
 * status writes. A claim that fails ends it before any delete; of a StatefulSet whose pods could not be told that they stay
 * none is deleted. What happens to each action is data; nothing is thrown for an answer of the API server.
 */
export async function executeRollout(
  client: KubernetesClient,
  actions: readonly RolloutAction[],
  options: ExecuteOptions,
): Promise<Executed[]> {
  const claims = actions.filter((action) => action.kind === "ClaimStatefulSet");
  const adoptions = actions.filter((action) => action.kind === "AdoptStrategy");
  const restores = actions.filter((action) => action.kind === "RestoreTemplate");
  const deletes = actions.filter((action) => action.kind === "DeletePod");
  const undos = actions.filter((action) => action.kind === "UndoPrepareDownscale");
  const releases = actions.filter((action) => action.kind === "ReleaseClaim");
  const replicas = actions
    .filter((action) => isReplicaAction(action))
    .filter(({ kind }) => kind !== "UndoPrepareDownscale");
  const revisions = actions.filter((action) => action.kind === "SetCurrentRevision");
  const claimed = await layClaims(client, claims, options);
  if (claimed.some(({ outcome }) => outcome.result !== "done")) {
    const rest = [...adoptions, ...restores, ...undos, ...deletes, ...replicas, ...revisions].map((action) =>
      skipped(action, "not all StatefulSets could be claimed"),
    );
    return [...claimed, ...rest];
  }
  const adopted: Executed[] = [];
  for (const action of adoptions) adopted.push(await adoptStrategy(client, action, options));
  for (const action of restores) adopted.push(await restore(client, action, options));
  const undone = await executeReplicas(client, undos, options);
  const prepared = new Set(
    undone.flatMap(({ action, outcome }) =>
      action.kind === "UndoPrepareDownscale" && outcome.result !== "done" ? [action.statefulSet] : [],
    ),
  );
  const isPrepared = ({ statefulSet }: DeleteAction): boolean => prepared.has(statefulSet);
  const kept = deletes
    .filter(isPrepared)
    .map((action) => skipped(action, "pods are prepared for their end and could not be told to go on"));
  const free = deletes.filter((action) => !isPrepared(action));
  const deleted = await deletePods(client, free, options);
  const written = await executeReplicas(client, replicas, options);
  for (const action of revisions) written.push(await setCurrentRevision(client, action, options));
  for (const action of releases) written.push(await release(client, action, options));
  return [...claimed, ...adopted, ...undone, ...kept, ...deleted, ...written];
}

async function layClaims(
  client: KubernetesClient,
  claims: readonly ClaimAction[],
  options: ExecuteOptions,
): Promise<Executed[]> {
  const { namespace, owner } = options;
  const done: Executed[] = [];
  for (const action of claims) {
    const { statefulSet: name, resourceVersion, seen } = action;
    const target = { namespace, name, resourceVersion, seen };
    const executed = await attempt(action, options, async () => {
      const claim = await claimStatefulSet(client, target, owner);
      if (claim.result === "overlap") return { result: "refused", message: `Overlap: claimed by ${claim.owner}` };
      if (claim.result === "changed") return { result: "preconditionFailed", message: "it has changed meanwhile" };
      options.changed(claim.statefulSet);
      return { result: "done" };
    });
    done.push(executed);
    if (executed.outcome.result === "done") continue;
    for (const { action: earlier, outcome } of done) {
      if (outcome.result !== "done" || earlier.kind !== "ClaimStatefulSet") continue;
      // One that cannot be given back now stays on record as claimed.
      await release(client, earlier, options);
    }
    break;
  }
  return done;
}

/** A strategy that was adopted stays: Kubernetes would roll those pods by itself. */
async function release(
  client: KubernetesClient,
  action: ClaimAction | ReleaseAction,
  options: ExecuteOptions,
): Promise<Executed> {
  return attempt(action, options, async () => {
    const target = { namespace: options.namespace, name: action.statefulSet };
    const released = await releaseClaim(client, target, options.owner, () => ({}));
    if (released === undefined) return { result: "preconditionFailed", message: "it is not ours any more" };
    options.changed(released);
    return { result: "done" };
  });
}

/** At most a few at once; none begins after one was refused or failed, since the next would fare no better. */
async function deletePods(
  client: KubernetesClient,
  deletes: readonly DeleteAction[],
  options: ExecuteOptions,
): Promise<Executed[]> {
  const executed: Executed[] = [];
  let next = 0;
  let stopped: string | undefined;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < deletes.length; index = next++) {
      const action = deletes[index];
      if (action === undefined) return;
      if (stopped !== undefined) {
        executed[index] = skipped(action, stopped);
        continue;
      }
      const one = await attempt(action, options, () => deletePod(client, action, options.namespace));
      executed[index] = one;
      const { result } = one.outcome;
      if (result !== "refused" && result !== "skipped") options.deleted();
      if (result === "refused" || result === "failed") stopped = "an earlier delete did not succeed";
      else if (result !== "skipped") await options.reached("after-delete");
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_DELETES, deletes.length) }, worker));
  return executed;
}

async function deletePod(
  client: KubernetesClient,
  { pod, uid }: DeleteAction,
  namespace: string,
): Promise<Pick<ActionOutcome, "result" | "message">> {
  try {
    await client.delete(PODS, { namespace, name: pod }, { preconditions: { uid } });
    return { result: "done" };
  } catch (error) {
    if (isApiError(error, 404)) return { result: "alreadyGone" };
    if (isApiError(error, 409)) return { result: "preconditionFailed", message: error.message };
    throw error;
  }
}

/** Reads the StatefulSet again: the claim laid a moment ago has made another version of it. */
async function adoptStrategy(
  client: KubernetesClient,
  action: AdoptAction,
  options: ExecuteOptions,
): Promise<Executed> {
  const target = { namespace: options.namespace, name: action.statefulSet };
  return attempt(action, options, async () => {
    try {
      const current = await client.get<StatefulSet>(STATEFUL_SETS, target);
      if (claimOf(current) !== options.owner)
        return { result: "preconditionFailed", message: "it is not ours any more" };
      const patch = adoptionPatch(current);
      options.changed(
        await client.patch<StatefulSet>(STATEFUL_SETS, target, patch, { type: "merge", fieldManager: "outrigger" }),
      );
      return { result: "done" };
    } catch (error) {
      if (isApiError(error, 409)) return { result: "preconditionFailed", message: error.message };
      throw error;
    }
  });
}

async function restore(client: KubernetesClient, action: RestoreAction, options: ExecuteOptions): Promise<Executed> {
  return attempt(action, options, async () => {
    const { statefulSet, ...outcome } = await restoreTemplate(client, action, options);
    if (statefulSet !== undefined) options.changed(statefulSet);
    return outcome;
  });
}

async function setCurrentRevision(
  client: KubernetesClient,
  action: RevisionAction,
  options: ExecuteOptions,
): Promise<Executed> {
  const { statefulSet: name, resourceVersion, revision } = action;
  return attempt(action, options, async () => {
    const patch = { metadata: { resourceVersion }, status: { currentRevision: revision } };
    try {
      const target = { namespace: options.namespace, name };
      options.changed(
        await client.patch<StatefulSet>(STATEFUL_SETS, target, patch, {
          type: "merge",
          subresource: "status",
          fieldManager: "outrigger",
        }),
      );
      return { result: "done" };
    } catch (error) {
      if (isApiError(error, 409)) return { result: "preconditionFailed", message: error.message };
      throw error;
    }
  });
}
