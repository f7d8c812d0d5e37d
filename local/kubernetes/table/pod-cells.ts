import { type JsonObject, listAt, objectAt, objectsAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { age } from "./age.ts";

/** Ready, status and restarts of a pod as `kubectl get` shows them (k8s.io/kubernetes `pkg/printers/internalversion`). */
export function podCells(pod: KubeObject, now: number): [ready: string, status: string, restarts: string] {
  const statuses = objectsAt(pod, "status", "containerStatuses");
  const ready = statuses.filter((one) => one["ready"] === true && isRunning(one)).length;
  return [`${ready}/${listAt(pod, "spec", "containers").length}`, statusOf(pod, statuses), restartsOf(statuses, now)];
}

const isRunning = (container: JsonObject): boolean => objectAt(container, "state")["running"] !== undefined;

function statusOf(pod: KubeObject, statuses: readonly JsonObject[]): string {
  let reason = stringAt(pod, "status", "reason") ?? stringAt(pod, "status", "phase") ?? "";
  let running = false;
  for (const container of statuses.toReversed()) {
    const waiting = stringAt(container, "state", "waiting", "reason");
    const ended = stringAt(container, "state", "terminated", "reason");
    if (waiting !== undefined) reason = waiting;
    else if (ended !== undefined) reason = ended;
    else if (container["ready"] === true && isRunning(container)) running = true;
  }
  if (reason === "Completed" && running) reason = isReady(pod) ? "Running" : "NotReady";
  return pod.metadata.deletionTimestamp === undefined ? reason : "Terminating";
}

function isReady(pod: KubeObject): boolean {
  return objectsAt(pod, "status", "conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");
}

function restartsOf(statuses: readonly JsonObject[], now: number): string {
  const restarts = statuses.reduce((sum, one) => sum + Number(one["restartCount"] ?? 0), 0);
  const ends = statuses.flatMap((one) => stringAt(one, "lastState", "terminated", "finishedAt") ?? []).toSorted();
  const last = ends.at(-1);
  return restarts === 0 || last === undefined ? String(restarts) : `${restarts} (${age(last, now)} ago)`;
}
