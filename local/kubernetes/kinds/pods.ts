import {
  copy,
  ensureObject,
  isEqual,
  type JsonObject,
  numberAt,
  objectAt,
  objectsAt,
  plain,
  stringAt,
} from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes } from "../status.ts";
import { defaultPod, podSpecCauses } from "./pod-spec.ts";

/** What an update may change in a pod's spec, besides images. */
const MUTABLE = ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates"];

export const podStrategy: Strategy = {
  defaults: defaultPod,
  prepareCreate(pod) {
    pod["status"] = { phase: "Pending", qosClass: qosClass(pod) };
  },
  prepareUpdate(pod, old) {
    pod["status"] = old["status"] ?? {};
  },
  validate(pod, old) {
    const found = podSpecCauses(objectAt(pod, "spec"), "spec");
    return old === undefined ? found : [...found, ...updateCauses(pod, old)];
  },
  selectable: (pod) => ({
    "spec.nodeName": stringAt(pod, "spec", "nodeName") ?? "",
    "spec.restartPolicy": stringAt(pod, "spec", "restartPolicy") ?? "",
    "spec.schedulerName": stringAt(pod, "spec", "schedulerName") ?? "",
    "spec.serviceAccountName": stringAt(pod, "spec", "serviceAccountName") ?? "",
    "spec.hostNetwork": plain(objectAt(pod, "spec")["hostNetwork"] ?? false),
    "status.phase": stringAt(pod, "status", "phase") ?? "",
    "status.podIP": stringAt(pod, "status", "podIP") ?? "",
    "status.nominatedNodeName": stringAt(pod, "status", "nominatedNodeName") ?? "",
  }),
  generationOf: (pod) => pod["spec"],
  graceSeconds(pod, asked) {
    const phase = stringAt(pod, "status", "phase");
    if (stringAt(pod, "spec", "nodeName") === undefined || phase === "Failed" || phase === "Succeeded") return 0;
    const seconds = asked ?? numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 30;
    return seconds < 0 ? 1 : seconds;
  },
  returnsDeleted: true,
};

function updateCauses(pod: KubeObject, old: KubeObject): Cause[] {
  const recounted = ["containers", "initContainers"].find(
    (list) => objectsAt(pod, "spec", list).length !== objectsAt(old, "spec", list).length,
  );
  if (recounted !== undefined) {
    return [causes.forbidden(`spec.${recounted}`, "pod updates may not add or remove containers")];
  }
  if (isEqual(frozenSpec(pod), frozenSpec(old))) return [];
  return [
    causes.forbidden(
      "spec",
      "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n",
    ),
  ];
}

function frozenSpec(pod: KubeObject): JsonObject {
  const spec = copy(objectAt(pod, "spec"));
  for (const field of MUTABLE) delete spec[field];
  for (const list of ["containers", "initContainers"]) for (const one of objectsAt(spec, list)) delete one["image"];
  return spec;
}

/** k8s.io/kubernetes `pkg/apis/core/helper/qos`. */
function qosClass(pod: KubeObject): string {
  const containers = ["containers", "initContainers"].flatMap((list) => objectsAt(pod, "spec", list));
  const parts = containers.map((container) => ({
    limits: objectAt(container, "resources", "limits"),
    requests: objectAt(container, "resources", "requests"),
  }));
  if (parts.every(({ limits, requests }) => Object.keys({ ...limits, ...requests }).length === 0)) return "BestEffort";
  const guaranteed = parts.every(({ limits, requests }) =>
    ["cpu", "memory"].every((name) => limits[name] !== undefined && limits[name] === requests[name]),
  );
  return guaranteed ? "Guaranteed" : "Burstable";
}

/** The service account's token volume, as admission mounts it. @param suffix five random letters. */
export function mountServiceAccount(pod: JsonObject, suffix: string): void {
  const spec = ensureObject(pod, "spec");
  const name = `kube-api-access-${suffix}`;
  if (stringAt(spec, "serviceAccountName") === undefined) {
    Object.assign(spec, { serviceAccountName: "default", serviceAccount: "default" });
  }
  if (spec["automountServiceAccountToken"] !== false) {
    const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    const sources = [
      { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      {
        downwardAPI: {
          items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
        },
      },
    ];
    let mounted = false;
    for (const list of ["initContainers", "containers"]) {
      for (const container of objectsAt(spec, list)) {
        const mounts = objectsAt(container, "volumeMounts");
        if (mounts.some((mount) => mount["mountPath"] === mountPath)) continue;
        container["volumeMounts"] = [...mounts, { name, readOnly: true, mountPath }];
        mounted = true;
      }
    }
    if (mounted) spec["volumes"] = [...objectsAt(spec, "volumes"), { name, projected: { sources, defaultMode: 420 } }];
  }
}

/** Priority and the tolerations every pod gets. */
export function admitPod(pod: JsonObject): void {
  const spec = ensureObject(pod, "spec");
  Object.assign(spec, { priority: spec["priority"] ?? 0, preemptionPolicy: "PreemptLowerPriority" });
  const tolerations = objectsAt(spec, "tolerations");
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]) {
    const tolerated = tolerations.some(
      (one) => (one["key"] ?? key) === key && (one["effect"] ?? "NoExecute") === "NoExecute",
    );
    if (!tolerated) tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 });
  }
  spec["tolerations"] = tolerations;
}
