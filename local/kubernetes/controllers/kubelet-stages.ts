import { POD_ANNOTATIONS, POD_BEHAVIOURS, POD_TIMES } from "../../control-plane/pod-behaviours.ts";
import { type JsonObject, listAt, numberAt, objectAt, objectsAt, plain, stringAt } from "../json.ts";
import { annotationOf, controllerOf, type KubeObject, timestamp } from "../object.ts";
import { withCondition } from "./conditions.ts";
import { drawDuration } from "./duration.ts";

/** What a simulated kubelet does next with a pod; the stages of local/control-plane/pod-stages.ts. */
export interface NextStage {
  name: string;
  afterMs: number;
  /** The status as it becomes; undefined = the pod is gone. */
  status: ((now: number) => JsonObject) | undefined;
}

const { imagePullFailure, crashLoop, outOfMemory, neverReady } = POD_BEHAVIOURS;
const { behaviour: BEHAVIOUR, readyAfter, terminateAfter, crashAfter } = POD_ANNOTATIONS;

/** What the life of all pods of a cluster hangs on. */
export interface StageOptions {
  /** From Running to Ready for pods whose annotations say nothing, milliseconds. */
  readyAfterMs: number;
  /** From 0 up to 1. */
  random: () => number;
  /** The address of the pod with this UID. */
  addressOf: (uid: string) => string;
}

export function nextStage(pod: KubeObject, { readyAfterMs, random, addressOf }: StageOptions): NextStage | undefined {
  const draw = (annotation: string, defaultMs: number): number =>
    drawDuration(annotationOf(pod, annotation), defaultMs, random);
  if (pod.metadata.deletionTimestamp !== undefined) {
    if ((pod.metadata.finalizers ?? []).length > 0) return undefined;
    return { name: "delete", afterMs: draw(terminateAfter, 0), status: undefined };
  }
  const kind = annotationOf(pod, BEHAVIOUR);
  const phase = stringAt(pod, "status", "phase");
  const first = objectsAt(pod, "status", "containerStatuses")[0];
  const state = objectAt(first, "state");
  const stage = (name: string, afterMs: number, status: (now: number) => JsonObject): NextStage => ({
    name,
    afterMs,
    status,
  });
  if (phase === "Pending") {
    if (kind !== imagePullFailure) return stage("start", 0, (now) => started(pod, now, addressOf(pod.metadata.uid)));
    return state["waiting"] === undefined ? stage("image-pull-failure", 0, (now) => pullFailed(pod, now)) : undefined;
  }
  if (phase !== "Running") return undefined;
  if (kind === crashLoop || kind === outOfMemory)
    return crashStage(pod, kind, state, draw(crashAfter, POD_TIMES.crashAfterMs));
  const ready = isReady(pod);
  if (ready && kind === neverReady)
    return stage("not-ready", 0, (now) => containers(pod, readiness(pod, false, now), running(false, now)));
  if (!ready && kind !== neverReady && kind !== imagePullFailure) {
    return stage("ready", draw(readyAfter, readyAfterMs), (now) => becameReady(pod, now));
  }
  if (ready && kind === undefined && controllerOf(pod)?.kind === "Job") {
    return stage("complete", POD_TIMES.completeAfterMs, (now) => completed(pod, now));
  }
  return undefined;
}

function crashStage(pod: KubeObject, kind: string, state: JsonObject, crashAfterMs: number): NextStage | undefined {
  const restarts = numberAt(objectsAt(pod, "status", "containerStatuses")[0], "restartCount") ?? 0;
  const again = (now: number): JsonObject => containers(pod, objectAt(pod, "status"), restarted(now));
  if (state["running"] !== undefined) {
    return { name: `crash-${restarts}`, afterMs: crashAfterMs, status: (now) => crashed(pod, kind, now) };
  }
  if (state["terminated"] !== undefined) {
    return restarts === 0
      ? { name: "first-restart", afterMs: POD_TIMES.endedMs, status: again }
      : { name: `back-off-${restarts}`, afterMs: POD_TIMES.endedMs, status: () => backingOff(pod) };
  }
  const { firstBackOffMs, longestBackOffMs } = POD_TIMES;
  const backOffMs = Math.min(firstBackOffMs * 2 ** (restarts - 1), longestBackOffMs);
  return state["waiting"] === undefined
    ? undefined
    : { name: `restart-${restarts}`, afterMs: backOffMs, status: again };
}

function isReady(pod: KubeObject): boolean {
  return objectsAt(pod, "status", "conditions").some((one) => one["type"] === "Ready" && one["status"] === "True");
}

/** Conditions Ready and ContainersReady as they become now. */
function readiness(pod: KubeObject, ready: boolean, now: number): JsonObject {
  const why = { reason: "ContainersNotReady", message: "containers are not ready" };
  return ["Ready", "ContainersReady"].reduce<JsonObject>(
    (status, type) =>
      withCondition(status, { type, status: ready ? "True" : "False", ...(ready ? {} : why) }, timestamp(now)),
    objectAt(pod, "status"),
  );
}

type ContainerState = (old: JsonObject, container: JsonObject) => JsonObject;

function containers(pod: KubeObject, status: JsonObject, stateOf: ContainerState): JsonObject {
  const old = objectsAt(pod, "status", "containerStatuses");
  const containerStatuses = objectsAt(pod, "spec", "containers").map(
    (container, index): JsonObject => ({
      name: container["name"] ?? "",
      image: container["image"] ?? "",
      imageID: "",
      restartCount: 0,
      lastState: {},
      ...pick(old[index], "restartCount", "lastState"),
      ...stateOf(old[index] ?? {}, container),
    }),
  );
  return { ...status, containerStatuses };
}

function pick(object: JsonObject | undefined, ...fields: string[]): JsonObject {
  return Object.fromEntries(fields.flatMap((field) => (object?.[field] === undefined ? [] : [[field, object[field]]])));
}

const withReady = (ready: boolean, state: JsonObject): JsonObject => ({ ready, started: ready, state });

const running =
  (ready: boolean, now: number): ContainerState =>
  (old) =>
    withReady(ready, { running: objectAt(old, "state")["running"] ?? { startedAt: timestamp(now) } });

function restarted(now: number): ContainerState {
  return (old) => {
    const { state, lastState = {} } = old;
    const ended = objectAt(state, "terminated");
    return {
      ...withReady(false, { running: { startedAt: timestamp(now) } }),
      restartCount: (numberAt(old, "restartCount") ?? 0) + 1,
      lastState: Object.keys(ended).length > 0 ? (state ?? {}) : lastState,
    };
  };
}

function started(pod: KubeObject, now: number, podIP: string): JsonObject {
  const time = timestamp(now);
  const node = stringAt(pod, "spec", "nodeName") ?? "";
  const hostIP = nodeAddress(node);
  const initialized = withCondition(objectAt(pod, "status"), { type: "Initialized", status: "True" }, time);
  const status: JsonObject = {
    ...readiness({ ...pod, status: initialized }, false, now),
    phase: "Running",
    startTime: time,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
  };
  const done = { terminated: { exitCode: 0, reason: "Completed", startedAt: time, finishedAt: time } };
  const initContainerStatuses = objectsAt(pod, "spec", "initContainers").map(
    (container): JsonObject => ({
      name: container["name"] ?? "",
      image: container["image"] ?? "",
      imageID: "",
      ready: true,
      restartCount: 0,
      state: container["restartPolicy"] === "Always" ? { running: { startedAt: time } } : done,
      lastState: {},
    }),
  );
  const withInit = initContainerStatuses.length === 0 ? status : { ...status, initContainerStatuses };
  return containers({ ...pod, status: {} }, withInit, () => withReady(false, { running: { startedAt: time } }));
}

function pullFailed(pod: KubeObject, now: number): JsonObject {
  const time = timestamp(now);
  const initialized = withCondition(objectAt(pod, "status"), { type: "Initialized", status: "True" }, time);
  const status = { ...readiness({ ...pod, status: initialized }, false, now), startTime: time };
  return containers({ ...pod, status: {} }, status, (_old, container) =>
    withReady(false, {
      waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image ${JSON.stringify(container["image"])}` },
    }),
  );
}

function becameReady(pod: KubeObject, now: number): JsonObject {
  const gates = listAt(pod, "spec", "readinessGates").map((gate) => stringAt(gate, "conditionType") ?? "");
  const status = gates.reduce(
    (all, type) => withCondition(all, { type, status: "True" }, timestamp(now)),
    readiness(pod, true, now),
  );
  return containers(pod, status, running(true, now));
}

function crashed(pod: KubeObject, kind: string, now: number): JsonObject {
  const [reason, exitCode] = kind === outOfMemory ? ["OOMKilled", 137] : ["Error", 1];
  const status = isReady(pod) ? readiness(pod, false, now) : objectAt(pod, "status");
  return containers(pod, status, (old) => {
    const startedAt = stringAt(old, "state", "running", "startedAt") ?? timestamp(now);
    return withReady(false, { terminated: { exitCode, reason, startedAt, finishedAt: timestamp(now) } });
  });
}

function backingOff(pod: KubeObject): JsonObject {
  return containers(pod, objectAt(pod, "status"), (old, container) => ({
    ...withReady(false, {
      waiting: {
        reason: "CrashLoopBackOff",
        message: `back-off restarting failed container ${plain(container["name"])}`,
      },
    }),
    lastState: old["state"] ?? {},
  }));
}

function completed(pod: KubeObject, now: number): JsonObject {
  const status = ["Ready", "ContainersReady"].reduce<JsonObject>(
    (all, type) => withCondition(all, { type, status: "False", reason: "PodCompleted" }, timestamp(now)),
    { ...objectAt(pod, "status"), phase: "Succeeded" },
  );
  return containers(pod, status, (old) => {
    const startedAt = stringAt(old, "state", "running", "startedAt") ?? timestamp(now);
    return withReady(false, {
      terminated: { exitCode: 0, reason: "Completed", startedAt, finishedAt: timestamp(now) },
    });
  });
}

/** Nodes are named after their address, as on EKS. */
function nodeAddress(node: string): string {
  return /^ip-(\d+)-(\d+)-(\d+)-(\d+)\./.exec(node)?.slice(1).join(".") ?? "127.0.0.1";
}
