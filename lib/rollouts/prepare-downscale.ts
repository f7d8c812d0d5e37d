import type { KubernetesClient, RawResponse } from "../kubernetes/client.ts";
import { ConnectionError } from "../kubernetes/errors.ts";
import type { ExecuteOptions } from "./attempt.ts";
import type { PrepareEndpoint } from "./pod-endpoint.ts";

/** How long one pod may take to answer, milliseconds; what grafana/rollout-operator gives it. */
const ANSWER_MS = 5_000;
/** Pods asked at once. */
const CONCURRENT_CALLS = 8;
/** How much of a pod's answer is told. */
const TOLD_CHARACTERS = 200;

/** What one pod answered. `message` says what is wrong; undefined = 2xx. */
export interface PodAnswer {
  pod: string;
  /** HTTP status; 0 when none came. */
  status: number;
  message: string | undefined;
  /** Of an answer 2xx; empty otherwise. */
  body: string;
  /** It was not asked at all: the lease had too little time left. */
  unasked?: true;
  /** The API server has not let the call through, so the pod knows nothing of it. */
  forbidden?: true;
}

/**
 * Calls the same endpoint of several pods through the API server (`pods/proxy`), each once. None begins after the lease has too
 * little time left, and with POST none after one has failed: all of them have to succeed, unless the others are to `goOn`.
 */
export async function callPods(
  client: KubernetesClient,
  method: "POST" | "DELETE",
  pods: readonly string[],
  endpoint: PrepareEndpoint,
  { namespace, mayWrite, goOn = false }: Pick<ExecuteOptions, "namespace" | "mayWrite"> & { goOn?: boolean },
): Promise<PodAnswer[]> {
  const answers: PodAnswer[] = [];
  let next = 0;
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < pods.length; index = next++) {
      const pod = pods[index] ?? "";
      if (stopped) return;
      const answer: PodAnswer = mayWrite()
        ? await callPod(client, method, { namespace, pod, endpoint })
        : {
            pod,
            status: 0,
            body: "",
            message: `pod ${pod} was not asked: the lease has too little time left`,
            unasked: true,
          };
      answers.push(answer);
      stopped ||= method === "POST" && !goOn && answer.message !== undefined;
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_CALLS, pods.length) }, worker));
  return answers;
}

/** What went wrong first, with the pod's answer; undefined when all succeeded. */
export function failedCall(answers: readonly PodAnswer[]): string | undefined {
  return answers.find(({ message }) => message !== undefined)?.message;
}

async function callPod(
  client: KubernetesClient,
  method: "POST" | "DELETE",
  { namespace, pod, endpoint }: { namespace: string; pod: string; endpoint: PrepareEndpoint },
): Promise<PodAnswer> {
  const { port, path } = endpoint;
  const [told = ""] = path.split("?", 1);
  const query = path.slice(told.length);
  const request = `${method} :${port}/${told}`;
  try {
    const answer = await client.raw(method, `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy/${path}`, {
      timeoutMs: ANSWER_MS,
    });
    const { status } = answer;
    if (status >= 200 && status < 300) return { pod, status, message: undefined, body: answer.body };
    const body = query === "" ? answer.body : answer.body.replaceAll(query, "?…");
    const message = complaint(pod, request, { status, body });
    return { pod, status, message, body: "", ...(isForbidden(answer) ? { forbidden: true } : {}) };
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    return { pod, status: 0, body: "", message: `pod ${pod} did not answer ${request}: ${error.message}` };
  }
}

/** @param request method, port and path without its query, which may hold a secret. */
function complaint(pod: string, request: string, { status, body }: Pick<RawResponse, "status" | "body">): string {
  const refusal = statusMessage(body);
  if (status === 403 && refusal !== undefined) {
    return `${request} of pod ${pod} was refused: ${refusal}. Apply the role outrigger:prepare-downscale, which lets the hub call pods through the API server.`;
  }
  const text = (refusal ?? body).replaceAll(/\s+/g, " ").trim().slice(0, TOLD_CHARACTERS);
  return `pod ${pod} answered ${request} with ${status}${text === "" ? "" : `: ${text}`}`;
}

/** Whether the API server refused the call itself; a pod's own 403 is no Status about pods. */
function isForbidden({ status, body }: Pick<RawResponse, "status" | "body">): boolean {
  const { reason, details } = statusOf(body) ?? {};
  return status === 403 && reason === "Forbidden" && (details as { kind?: unknown } | undefined)?.kind === "pods";
}

/** The message of a Status of the API server itself; undefined for an answer of the pod. */
function statusMessage(body: string): string | undefined {
  const { message } = statusOf(body) ?? {};
  return typeof message === "string" ? message : undefined;
}

/** The Status an answer is; undefined when it is something else. */
function statusOf(body: string): { reason?: unknown; details?: unknown; message?: unknown } | undefined {
  try {
    const value = JSON.parse(body) as { kind?: unknown; reason?: unknown; details?: unknown; message?: unknown };
    return value.kind === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}
