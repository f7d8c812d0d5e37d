import type { KubernetesClient } from "../kubernetes/client.ts";
import { isApiError } from "../kubernetes/errors.ts";
import type { Pod, StatefulSet } from "../kubernetes/objects.ts";
import { PODS, STATEFUL_SETS } from "../kubernetes/types.ts";
import { attempt, type Executed, type ExecuteOptions, type Result, resultOf } from "./attempt.ts";
import { claimOf } from "./claim.ts";
import { askDelayed, cancelDelayed, judgeDelay } from "./delayed-calls.ts";
import { missingMirrorRule } from "./missing-mirror-rule.ts";
import { firstOrdinal } from "./observation.ts";
import { callPods, failedCall } from "./prepare-downscale.ts";
import type { ReplicaAction, ScaleAction, UndoAction, WriteBackAction } from "./replica-actions.ts";
import { LAST_DOWNSCALE_ANNOTATION } from "./replica-annotations.ts";
import { preparedPods } from "./replica-record.ts";

/** A StatefulSet's status changes all the time, and each change makes a resourceVersion stale. */
const ATTEMPTS = 6;

/** Carries out what was decided about replicas, one after the other. */
export async function executeReplicas(
  client: KubernetesClient,
  actions: readonly ReplicaAction[],
  options: ExecuteOptions,
): Promise<Executed[]> {
  const done: Executed[] = [];
  const reach = async (result: Promise<Result>): Promise<Result> => {
    const came = await result;
    await options.reached("after-prepare");
    return came;
  };
  for (const action of actions) {
    done.push(
      await attempt(action, options, () => {
        switch (action.kind) {
          case "ScaleStatefulSet":
            return scale(client, action, options);
          case "UndoPrepareDownscale":
            return undo(client, action, options);
          case "PrepareDelayedDownscale":
            return reach(askDelayed(client, action, options));
          case "CancelDelayedDownscale":
            return reach(cancelDelayed(client, action, options));
          case "WriteBackReplicas":
            return writeBack(client, action, options);
        }
      }),
    );
  }
  return done;
}

/**
 * Writes the replicas, once pods that go have waited for the delay, and then have prepared, where either is asked for; what was
 * prepared in vain is taken back.
 */
async function scale(client: KubernetesClient, action: ScaleAction, options: ExecuteOptions): Promise<Result> {
  const { endpoint, pods, delay } = action;
  const current = await read(client, action, options);
  if (current === undefined) return CHANGED;
  if (endpoint === undefined && delay === undefined) return write(client, action, current, options);
  // Before others are prepared in vain.
  const early = endpoint && (await judgeDelay(client, action, options));
  if (early !== undefined) return early;
  const takeBack = async (): Promise<Pick<Result, "prepared">> => {
    if (endpoint === undefined) return {};
    const staying = await stayingPods(client, action, options);
    const untold =
      staying === undefined || failedCall(await callPods(client, "DELETE", staying, endpoint, options)) !== undefined;
    return { prepared: untold };
  };
  const answers = endpoint === undefined ? [] : await callPods(client, "POST", pods, endpoint, options);
  const failure = failedCall(answers);
  if (failure !== undefined) {
    const message = `PrepareDownscale: ${failure}`;
    if (answers.every(({ forbidden }) => forbidden === true)) return { result: "refused", message };
    return { result: "refused", message, ...(await takeBack()) };
  }
  await options.reached("after-prepare");
  let result: Result;
  try {
    const refusal = await judgeDelay(client, action, options);
    const unwanted = refusal === undefined ? await options.unwanted(action) : undefined;
    if (refusal !== undefined) result = refusal;
    else if (unwanted !== undefined) {
      result = {
        result: "preconditionFailed",
        message: `not wanted any more once its pods were prepared: ${unwanted}`,
      };
    } else if (options.mayWrite()) {
      result = await writeUnless(client, action, options);
    } else result = { result: "skipped", message: "the lease has too little time left" };
  } catch (error) {
    const failed = resultOf(error);
    if (failed === undefined) throw error;
    result = failed;
  }
  // Without an answer the replicas may have been written; the next look tells.
  if (result.result === "done") return result;
  if (result.result === "failed") return { ...result, ...(endpoint === undefined ? {} : { prepared: true }) };
  return { ...result, ...(await takeBack()) };
}

/** Writes the replicas, unless a pod runs by now that did not when it was decided whom to ask. */
async function writeUnless(client: KubernetesClient, action: ScaleAction, options: ExecuteOptions): Promise<Result> {
  const current = await read(client, action, options);
  if (current === undefined) return CHANGED;
  const begun = action.endpoint && (await runningUnasked(client, action, current, options));
  if (begun === undefined) return write(client, action, current, options);
  return { result: "preconditionFailed", message: `pod ${begun} runs by now and was not asked to prepare` };
}

/** The first of the pods that go which runs and was not asked; its volume may keep what nobody else has. */
async function runningUnasked(
  client: KubernetesClient,
  { statefulSet: name, from, to, pods }: ScaleAction,
  statefulSet: StatefulSet,
  { namespace }: ExecuteOptions,
): Promise<string | undefined> {
  const first = firstOrdinal(statefulSet);
  for (let ordinal = first + to; ordinal < first + from; ordinal++) {
    const pod = `${name}-${ordinal}`;
    if (pods.includes(pod)) continue;
    const { items } = await client.list<Pod>(PODS, { namespace, fieldSelector: `metadata.name=${pod}` });
    if (items.some(({ metadata, status }) => metadata.name === pod && status?.phase === "Running")) return pod;
  }
  return undefined;
}

const CHANGED: Result = { result: "preconditionFailed", message: "its spec or its claim has changed meanwhile" };

/** Those of the pods that are still wanted: others may have been scaled away meanwhile. Undefined = it cannot be read now. */
async function stayingPods(
  client: KubernetesClient,
  action: ScaleAction,
  { namespace }: ExecuteOptions,
): Promise<string[] | undefined> {
  try {
    const current = await client.get<StatefulSet>(STATEFUL_SETS, { namespace, name: action.statefulSet });
    return current.metadata.uid === action.uid ? preparedPods(action, current) : [];
  } catch (error) {
    if (isApiError(error, 404)) return [];
    if (resultOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The StatefulSet as it is, while it is ours and its spec the one that was planned on. */
async function read(
  client: KubernetesClient,
  { statefulSet: name, uid, generation, from }: ScaleAction,
  { namespace, owner }: ExecuteOptions,
): Promise<StatefulSet | undefined> {
  const current = await client.get<StatefulSet>(STATEFUL_SETS, { namespace, name });
  const { metadata, spec } = current;
  const same = metadata.uid === uid && metadata.generation === generation && (spec.replicas ?? 1) === from;
  return same && claimOf(current) === owner ? current : undefined;
}

async function write(
  client: KubernetesClient,
  action: ScaleAction,
  seen: StatefulSet | undefined,
  options: ExecuteOptions,
): Promise<Result> {
  const { statefulSet: name, from, to, at } = action;
  let current = seen;
  for (let tries = 1; ; tries++) {
    if (current === undefined) return CHANGED;
    const { resourceVersion } = current.metadata;
    const annotations = { [LAST_DOWNSCALE_ANNOTATION]: at.replace(/\.\d+Z$/, "Z") };
    const patch = { metadata: { resourceVersion, ...(to < from ? { annotations } : {}) }, spec: { replicas: to } };
    try {
      const target = { namespace: options.namespace, name };
      const written = await client.patch<StatefulSet>(STATEFUL_SETS, target, patch, {
        type: "merge",
        fieldManager: "outrigger",
      });
      await options.reached("after-scale");
      options.changed(written);
      return { result: "done", message: `${from} to ${to} replicas` };
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
      if (tries === ATTEMPTS) return { result: "preconditionFailed", message: error.message };
    }
    current = await read(client, action, options);
  }
}

/** Tells pods that were prepared to go on; a pod that does not hear it keeps the preparation. */
export async function undo(
  client: KubernetesClient,
  action: UndoAction,
  options: Pick<ExecuteOptions, "namespace" | "mayWrite">,
): Promise<Result> {
  const failure = failedCall(await callPods(client, "DELETE", action.pods, action.endpoint, options));
  if (failure === undefined) return { result: "done" };
  return { result: "refused", message: `UndoPrepareDownscale: ${failure}`, prepared: true };
}

/** Refused is what a missing rule forbids; anything else may be over at the next look. */
async function writeBack(
  client: KubernetesClient,
  { type, name, replicas }: WriteBackAction,
  { namespace }: ExecuteOptions,
): Promise<Result> {
  const options = { type: "merge", subresource: "status", fieldManager: "outrigger" } as const;
  try {
    await client.patch(type, { namespace, name }, { status: { replicas } }, options);
    return { result: "done", message: `status.replicas ${replicas}` };
  } catch (error) {
    const failure = resultOf(error);
    if (failure === undefined) throw error;
    if (!isApiError(error, 403)) return { ...failure, result: "failed" };
    return {
      result: "refused",
      message: `${error.request}: ${error.message}. ${missingMirrorRule(type, "patch", "status")}`,
    };
  }
}
