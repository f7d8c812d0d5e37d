/**
 * How a simulated pod behaves is written on the pod itself, in annotations of its template (or put on the live pod:
 * the behaviour changes at once). Every simulated kubelet of the local environment reads the same ones.
 */
export const POD_ANNOTATIONS = {
  /** One of {@link POD_BEHAVIOURS}; absent = the pod becomes Running and Ready. */
  behaviour: "outrigger.dev/sim-behaviour",
  /** From Running to Ready: a duration (`2s`, `500ms`, `1m30s`) or a range to draw from (`2s..2.5s`). */
  readyAfter: "outrigger.dev/sim-ready-after",
  /** From the graceful delete to the pod being gone: a duration or a range. Default: at once. */
  terminateAfter: "outrigger.dev/sim-terminate-after",
  /** `crash-loop` and `out-of-memory`: from a container's start to its end; a duration or a range. */
  crashAfter: "outrigger.dev/sim-crash-after",
} as const;

/** Values of the annotation `outrigger.dev/sim-behaviour`. */
export const POD_BEHAVIOURS = {
  /** Pending; containers wait with reason ImagePullBackOff. A pod that runs already goes on. */
  imagePullFailure: "image-pull-failure",
  /** Runs, ends with exit code 1, waits with reason CrashLoopBackOff, starts again: restartCount rises. */
  crashLoop: "crash-loop",
  /** As crash-loop, ended with exit code 137 and reason OOMKilled. */
  outOfMemory: "out-of-memory",
  /** Running, but never Ready. */
  neverReady: "never-ready",
} as const;

/** Times of the simulated kubelet where no annotation says otherwise, milliseconds. */
export const POD_TIMES = {
  readyAfterMs: 200,
  crashAfterMs: 500,
  /** From a container's end to its back-off (or to its first restart, which comes without back-off). */
  endedMs: 300,
  /** First back-off; doubled at each restart. The kubelet's is 10 s. */
  firstBackOffMs: 1_000,
  /** The kubelet's is 5 min. */
  longestBackOffMs: 16_000,
  /** From Running to Succeeded for pods of a Job. */
  completeAfterMs: 500,
} as const;

/** Put on a Node: `outrigger.dev/sim-node: not-ready` takes its Ready condition to False; removing it, back to True. */
export const NODE_ANNOTATION = "outrigger.dev/sim-node";
export const NODE_NOT_READY = "not-ready";
