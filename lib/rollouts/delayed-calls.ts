import type { KubernetesClient } from "../kubernetes/client.ts";
import type { ExecuteOptions, Result } from "./attempt.ts";
import { hasWaited } from "./delayed-wish.ts";
import { ordinalOf } from "./pods.ts";
import { callPods, failedCall, type PodAnswer } from "./prepare-downscale.ts";
import type { AskDelayedAction, CancelDelayedAction, ScaleAction } from "./replica-actions.ts";

/** What pods answered that were asked to prepare for a delayed downscale. */
export interface Asked {
  /** Since when each waits, Unix time in seconds; without those that did not tell, or were not asked since time was up. */
  since: Record<string, number>;
  /** Pods that the API server did not let be asked, so that they know nothing of it. */
  unheard: string[];
  /** What went wrong first. */
  trouble?: string;
}

/** The end of the last year of four digits. */
const LAST_SECOND = 253_402_300_799;

type CallOptions = Pick<ExecuteOptions, "namespace" | "mayWrite">;

/** Asks pods to prepare. A pod that fails keeps no other one from being asked: their time begins all the same. */
export async function askDelayed(
  client: KubernetesClient,
  action: Pick<AskDelayedAction, "pods" | "absent" | "endpoint">,
  options: CallOptions,
): Promise<Result> {
  const asked = await ask(client, action, options);
  return { ...afterCalls(asked.trouble), asked };
}

/** Asks each pod that goes since when it waits. @returns why they stay; undefined = each has waited for the whole delay. */
export async function judgeDelay(
  client: KubernetesClient,
  { delay, at }: ScaleAction,
  options: CallOptions,
): Promise<Result | undefined> {
  if (delay === undefined) return undefined;
  const { seconds, endpoint, pods } = delay;
  const asked = await ask(client, { pods, absent: [], endpoint }, options);
  const { since, trouble } = asked;
  if (trouble !== undefined) return { result: "refused", message: trouble, asked };
  if (!options.mayWrite()) return { result: "skipped", message: "the lease has too little time left", asked };
  const early = pods.find((pod) => !hasWaited(since[pod] ?? LAST_SECOND, seconds, at));
  if (early === undefined) return undefined;
  const message = `pod ${early} has not waited for the whole delay: it was prepared again`;
  return { result: "preconditionFailed", message, asked };
}

/** Tells pods that they stay. */
export async function cancelDelayed(
  client: KubernetesClient,
  { pods, endpoint }: CancelDelayedAction,
  options: CallOptions,
): Promise<Result> {
  const answers = await callPods(client, "DELETE", pods, endpoint, options);
  const told = answers.flatMap(({ pod, message }) => (message === undefined ? [pod] : []));
  return { ...afterCalls(failedCall(answers)), told };
}

const afterCalls = (trouble: string | undefined): Result =>
  trouble === undefined ? { result: "done" } : { result: "refused", message: trouble };

async function ask(
  client: KubernetesClient,
  { pods, absent, endpoint }: Pick<AskDelayedAction, "pods" | "absent" | "endpoint">,
  options: CallOptions,
): Promise<Asked> {
  const answers = await callPods(client, "POST", pods, endpoint, { ...options, goOn: true });
  const since: Record<string, number> = {};
  const troubles: string[] = [];
  for (const { pod, message, body, unasked } of answers.toSorted((a, b) => ordinalOf(a.pod) - ordinalOf(b.pod))) {
    if (unasked === true) continue;
    const seconds = message === undefined ? timestampOf(body) : undefined;
    if (seconds !== undefined) since[pod] = seconds;
    else troubles.push(message ?? `pod ${pod} did not answer with {"timestamp": <Unix time in seconds>}`);
  }
  troubles.push(...absent.map((pod) => `pod ${pod} does not run and so cannot be prepared`));
  const unheard = answers.flatMap(({ pod, forbidden }: PodAnswer) => (forbidden === true ? [pod] : []));
  const [trouble] = troubles;
  return { since, unheard, ...(trouble === undefined ? {} : { trouble }) };
}

/** The Unix time of `{"timestamp": …}`; undefined when it holds none. As in grafana/rollout-operator 0 is none. */
function timestampOf(body: string): number | undefined {
  try {
    const value = (JSON.parse(body) as { timestamp?: unknown } | null)?.timestamp;
    return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= LAST_SECOND
      ? (value as number)
      : undefined;
  } catch {
    return undefined;
  }
}
