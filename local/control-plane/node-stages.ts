import { NODE_ANNOTATION, NODE_NOT_READY } from "./pod-behaviours.ts";
import { isIn, isNotIn, type Stage, setStatus, stage } from "./stage.ts";

const READY = '.status.conditions[]? | select(.type == "Ready") | .status';
const BEHAVIOUR = `.metadata.annotations["${NODE_ANNOTATION}"]`;

/** The life of a simulated node: Ready, and not Ready while its annotation says so. */
export function nodeStages(kubernetesVersion: string): Stage[] {
  return [
    stage(
      "Node",
      "node-ready",
      [isNotIn(READY, "True"), isNotIn(BEHAVIOUR, NODE_NOT_READY)],
      setStatus(`
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}
{{ end }}
nodeInfo:
  architecture: arm64
  bootID: ""
  containerRuntimeVersion: {{ printf "kwok-%s" Version }}
  kernelVersion: simulated
  kubeProxyVersion: ""
  kubeletVersion: ${kubernetesVersion}
  machineID: ""
  operatingSystem: linux
  osImage: simulated
  systemUUID: ""`),
    ),
    stage(
      "Node",
      "node-not-ready",
      [isNotIn(READY, "False"), isIn(BEHAVIOUR, NODE_NOT_READY)],
      setStatus(`
conditions:
- type: Ready
  status: "False"
  reason: KubeletNotReady
  message: ${NODE_ANNOTATION} says so
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}`),
    ),
  ];
}
