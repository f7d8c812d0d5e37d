import type { KubernetesClient, RawResponse } from "../kubernetes/client.ts";
import { ApiError, ConnectionError } from "../kubernetes/errors.ts";
import type { Node } from "../kubernetes/objects.ts";
import { NODES } from "../kubernetes/types.ts";
import { TerminalError } from "../work/verdict.ts";
import type { Answer, HealthObservation } from "./observation.ts";

/**
 * One probe: `/readyz?verbose` (`/healthz` where that is not known) and the nodes. Two requests when all is well, fewer when
 * nobody answers. A sick cluster is an observation, never an error.
 */
export async function observeHealth(
  client: KubernetesClient,
  options: { timeoutMs: number; clock: { now(): number; monotonicMs(): number } },
): Promise<HealthObservation> {
  const { clock, timeoutMs } = options;
  const startedMs = clock.monotonicMs();
  const now = () => new Date(clock.now()).toISOString();
  const ready = await answerOf(() => client.raw("GET", "/readyz?verbose", { timeoutMs }));
  if (ready.type !== "answered") return { readyz: ready, observedAt: now() };
  const latencyMs = Math.max(0, Math.round(clock.monotonicMs() - startedMs));
  const observedAt = ready.value.observedAt ?? now();
  const readyz = ready.value.status === 404 ? await healthz(client, timeoutMs) : asReadyz(ready.value, "/readyz");
  if (readyz.type !== "answered" || readyz.value.status === 401) return { readyz, latencyMs, observedAt };
  const nodes = await answerOf(async () => (await client.list<Node>(NODES, { timeoutMs })).items);
  return { readyz, nodes, latencyMs, observedAt };
}

async function healthz(client: KubernetesClient, timeoutMs: number): Promise<HealthObservation["readyz"]> {
  const answer = await answerOf(() => client.raw("GET", "/healthz", { timeoutMs }));
  return answer.type === "answered" ? asReadyz(answer.value, "/healthz") : answer;
}

function asReadyz({ status, body }: RawResponse, path: "/readyz" | "/healthz"): HealthObservation["readyz"] {
  return { type: "answered", value: { status, body, path } };
}

async function answerOf<T>(ask: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { type: "answered", value: await ask() };
  } catch (error) {
    return failedAnswer(error);
  }
}

/** A failed request as data. Anything that is neither an answer nor a lack of one is thrown on. */
function failedAnswer(error: unknown): Answer<never> {
  if (error instanceof ApiError) return { type: "refused", status: error.status, message: error.message };
  if (error instanceof ConnectionError) return { type: "unanswered", failure: error.failure, message: error.message };
  throw error;
}

/** A failed `connect` as data; undefined when it says nothing about the cluster (AWS was too busy to answer). */
export function observeNoAccess(error: unknown): Answer<never> | undefined {
  if (error instanceof TerminalError) return { type: "noAccess", reason: error.reason, message: error.message };
  if (error instanceof ConnectionError || error instanceof ApiError) return failedAnswer(error);
  return undefined;
}
