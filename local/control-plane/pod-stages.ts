import { POD_ANNOTATIONS, POD_BEHAVIOURS, POD_TIMES } from "./pod-behaviours.ts";
import {
  after,
  afterAnnotation,
  afterExpression,
  deleteObject,
  exists,
  isAbsent,
  isIn,
  isNotIn,
  type Stage,
  setStatus,
  stage,
} from "./stage.ts";

const { imagePullFailure, crashLoop, outOfMemory, neverReady } = POD_BEHAVIOURS;

const BEHAVIOUR = `.metadata.annotations["${POD_ANNOTATIONS.behaviour}"]`;
const READY = '.status.conditions[]? | select(.type == "Ready") | .status';
const WAITING = ".status.containerStatuses[]?.state.waiting.reason";
const RUNNING = ".status.containerStatuses[]?.state.running.startedAt";
const ENDED = ".status.containerStatuses[]?.state.terminated.reason";
const RESTARTS = "(.status.containerStatuses[0].restartCount // 0)";

const kept = isAbsent(".metadata.deletionTimestamp");
const pending = isIn(".status.phase", "Pending");
const running = isIn(".status.phase", "Running");
const crashes = isIn(BEHAVIOUR, crashLoop, outOfMemory);
/** The final delete is seen once more as a change before the pod is gone; a second one could hit its successor. */
const notGoneYet = isNotIn(".metadata.deletionGracePeriodSeconds == 0", "true");

/** The life of a pod on a simulated node, from bound to gone. */
export function podStages(readyAfterMs: number = POD_TIMES.readyAfterMs): Stage[] {
  return [
    stage("Pod", "pod-start", [kept, pending, isNotIn(BEHAVIOUR, imagePullFailure)], setStatus(STARTED)),
    stage(
      "Pod",
      "pod-image-pull-failure",
      [kept, pending, isIn(BEHAVIOUR, imagePullFailure), isAbsent(WAITING)],
      setStatus(PULL_FAILED),
    ),
    stage(
      "Pod",
      "pod-ready",
      [kept, running, isNotIn(READY, "True"), isNotIn(BEHAVIOUR, imagePullFailure, crashLoop, outOfMemory, neverReady)],
      setStatus(BECAME_READY),
      afterAnnotation(POD_ANNOTATIONS.readyAfter, readyAfterMs),
    ),
    stage(
      "Pod",
      "pod-not-ready",
      [kept, running, isIn(READY, "True"), isIn(BEHAVIOUR, neverReady)],
      setStatus(NO_LONGER_READY),
    ),
    stage(
      "Pod",
      "pod-crash",
      [kept, running, crashes, exists(RUNNING)],
      setStatus(CRASHED),
      afterAnnotation(POD_ANNOTATIONS.crashAfter, POD_TIMES.crashAfterMs),
    ),
    stage(
      "Pod",
      "pod-first-restart",
      [kept, running, crashes, exists(ENDED), isIn(`${RESTARTS} == 0`, "true")],
      setStatus(RESTARTED),
      after(POD_TIMES.endedMs),
    ),
    stage(
      "Pod",
      "pod-back-off",
      [kept, running, crashes, exists(ENDED), isIn(`${RESTARTS} > 0`, "true")],
      setStatus(BACKING_OFF),
      after(POD_TIMES.endedMs),
    ),
    stage(
      "Pod",
      "pod-restart",
      [kept, running, crashes, isIn(WAITING, "CrashLoopBackOff")],
      setStatus(RESTARTED),
      backOff(),
    ),
    stage(
      "Pod",
      "pod-complete",
      [kept, running, isIn(READY, "True"), isIn(".metadata.ownerReferences[]?.kind", "Job"), isAbsent(BEHAVIOUR)],
      setStatus(COMPLETED),
      after(POD_TIMES.completeAfterMs),
    ),
    stage(
      "Pod",
      "pod-delete",
      [exists(".metadata.deletionTimestamp"), isAbsent(".metadata.finalizers[]?"), notGoneYet],
      deleteObject,
      afterAnnotation(POD_ANNOTATIONS.terminateAfter, 0),
    ),
  ];
}

function backOff(): ReturnType<typeof after> {
  const { firstBackOffMs, longestBackOffMs } = POD_TIMES;
  const doublings = Math.ceil(Math.log2(longestBackOffMs / firstBackOffMs));
  const milliseconds = `([pow(2; [${RESTARTS} - 1, ${doublings}] | min) * ${firstBackOffMs}, ${longestBackOffMs}] | min)`;
  return afterExpression(`${milliseconds} | floor | tostring + "ms"`);
}

/** Conditions Ready and ContainersReady as they become now. */
function readiness(ready: boolean): string {
  const reason = ready ? "" : "reason: ContainersNotReady, message: containers are not ready, ";
  return ["Ready", "ContainersReady"]
    .map(
      (type) =>
        `- {type: ${type}, status: "${ready ? "True" : "False"}", ${reason}lastTransitionTime: {{ Now | Quote }}}`,
    )
    .join("\n");
}

/** @param state the YAML flow mapping of `state`; the container's old status is `$old`. */
function containers(
  ready: boolean,
  restartCount: string,
  state: string,
  lastState = "{{ with $old.lastState }}{{ . | toJson }}{{ else }}{}{{ end }}",
): string {
  return `
containerStatuses:
{{ $root := . }}
{{ range $index, $container := .spec.containers }}
{{ $old := dict "restartCount" 0 }}
{{ with $root.status.containerStatuses }}{{ $old = index . $index }}{{ end }}
- name: {{ $container.name | Quote }}
  image: {{ $container.image | Quote }}
  imageID: ""
  ready: ${ready}
  started: ${ready}
  restartCount: ${restartCount}
  state: ${state}
  lastState: ${lastState}
{{ end }}`;
}

const SAME = "{{ $old.restartCount }}";
const ONE_MORE = "{{ add $old.restartCount 1 }}";
const RUNNING_NOW = "{running: {startedAt: {{ Now | Quote }}}}";
const RUNNING_ON =
  "{{ with $old.state.running }}{running: {{ . | toJson }}}{{ else }}{running: {startedAt: {{ Now | Quote }}}}{{ end }}";

const STARTED = `
phase: Running
startTime: {{ Now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ Now | Quote }}}
${readiness(false)}
{{ with NodeIPsWith .spec.nodeName }}
hostIP: {{ index . 0 | Quote }}
hostIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
{{ with PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ index . 0 | Quote }}
podIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq ( or .restartPolicy "" ) "Always" }}
  started: true
  state: ${RUNNING_NOW}
  {{ else }}
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ Now | Quote }}, finishedAt: {{ Now | Quote }}}}
  {{ end }}
{{ end }}
${containers(false, "0", RUNNING_NOW, "{}")}`;

const PULL_FAILED = `
phase: Pending
startTime: {{ Now | Quote }}
conditions:
- {type: Initialized, status: "True", lastTransitionTime: {{ Now | Quote }}}
${readiness(false)}
${containers(false, "0", `{waiting: {reason: ImagePullBackOff, message: {{ printf "Back-off pulling image %q" $container.image | Quote }}}}`, "{}")}`;

const BECAME_READY = `
conditions:
${readiness(true)}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ Now | Quote }}}
{{ end }}
${containers(true, SAME, RUNNING_ON)}`;

const NO_LONGER_READY = `
conditions:
${readiness(false)}
${containers(false, SAME, RUNNING_ON)}`;

const ENDING = `{{ $reason := "Error" }}{{ $code := 1 }}
{{ if eq ( index .metadata.annotations "${POD_ANNOTATIONS.behaviour}" ) "${outOfMemory}" }}{{ $reason = "OOMKilled" }}{{ $code = 137 }}{{ end }}`;

const CRASHED = `${ENDING}
{{ range .status.conditions }}{{ if and ( eq .type "Ready" ) ( eq .status "True" ) }}
conditions:
${readiness(false)}
{{ end }}{{ end }}
${containers(false, SAME, "{terminated: {exitCode: {{ $code }}, reason: {{ $reason }}, startedAt: {{ or $old.state.running.startedAt Now | Quote }}, finishedAt: {{ Now | Quote }}}}")}`;

const BACKING_OFF = containers(
  false,
  SAME,
  '{waiting: {reason: CrashLoopBackOff, message: {{ printf "back-off restarting failed container %s" $container.name | Quote }}}}',
  "{{ $old.state | toJson }}",
);

const RESTARTED = containers(
  false,
  ONE_MORE,
  RUNNING_NOW,
  "{{ if $old.state.terminated }}{{ $old.state | toJson }}{{ else }}{{ $old.lastState | toJson }}{{ end }}",
);

const COMPLETED = `
phase: Succeeded
conditions:
- {type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ Now | Quote }}}
- {type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ Now | Quote }}}
${containers(false, SAME, "{terminated: {exitCode: 0, reason: Completed, startedAt: {{ or $old.state.running.startedAt Now | Quote }}, finishedAt: {{ Now | Quote }}}}")}`;
