import { ApiError, ConnectionError } from "../kubernetes/errors.ts";
import type { StatefulSet } from "../kubernetes/objects.ts";
import type { ActionOutcome } from "../work/reconciler.ts";
import { describeTrouble } from "./cluster-trouble.ts";
import type { Asked } from "./delayed-calls.ts";
import type { RolloutAction } from "./plan-actions.ts";
import type { ScaleAction } from "./replica-actions.ts";

/** What executing needs besides the client. */
export interface ExecuteOptions {
  namespace: string;
  owner: string;
  /** Asked before each write. */
  mayWrite: () => boolean;
  /** Called after each single delete, after pods were prepared (also for a delayed downscale, or told that it does not come), and after replicas were written. */
  reached: (point: "after-delete" | "after-prepare" | "after-scale") => Promise<void>;
  /** Asked once pods are prepared, which takes its time: why they are not to be scaled away any more; undefined = they are. */
  unwanted: (action: ScaleAction) => Promise<string | undefined>;
  /** Told that a delete is over which was carried out, or may have been. */
  deleted: () => void;
  /** Told of each StatefulSet as the server returned it. */
  changed: (statefulSet: StatefulSet) => void;
}

/** An action and what came of it. */
export interface Executed {
  action: RolloutAction;
  outcome: ActionOutcome;
  /** Whether pods may have been left prepared for their end although they stay; absent when none was asked to prepare. */
  prepared?: boolean;
  /** What pods answered that were asked to prepare for a delayed downscale; absent when none was. */
  asked?: Asked;
  /** Pods that have heard that no delayed downscale comes; absent when none was told. */
  told?: string[];
}

/** What a try comes to, before it is told as an outcome. */
export type Result = Pick<ActionOutcome, "result" | "message"> & Pick<Executed, "prepared" | "asked" | "told">;

/** Carries one action out while the lease lasts. An answer of the API server, or none, is data. */
export async function attempt(
  action: RolloutAction,
  options: Pick<ExecuteOptions, "mayWrite">,
  act: () => Promise<Result>,
): Promise<Executed> {
  if (!options.mayWrite()) return skipped(action, "the lease has too little time left");
  try {
    return executed(action, await act());
  } catch (error) {
    const result = resultOf(error);
    if (result === undefined) throw error;
    return executed(action, result);
  }
}

/** What an error of the Kubernetes client means for an action; undefined for any other error. */
export function resultOf(error: unknown): Result | undefined {
  if (error instanceof ConnectionError) return { result: "failed", message: error.message };
  if (!(error instanceof ApiError)) return undefined;
  const refused = error.status >= 400 && error.status < 500 && error.status !== 429;
  return { result: refused ? "refused" : "failed", message: refusalOf(error) };
}

/** A missing rule says what to do about it. */
function refusalOf(error: ApiError): string {
  const trouble = error.status === 401 || error.status === 403 ? describeTrouble(error) : undefined;
  return trouble?.message ?? `${error.request}: ${error.message}`;
}

function executed(action: RolloutAction, { result, message, ...more }: Result): Executed {
  const { kind, object, reason } = action;
  const outcome = { kind, object, reason, result, ...(message === undefined ? {} : { message }) };
  return { action, outcome, ...more };
}

export const skipped = (action: RolloutAction, message: string): Executed =>
  executed(action, { result: "skipped", message });
