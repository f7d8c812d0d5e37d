import { copy, ensureObject, isEqual, type JsonObject, numberAt, objectAt, objectsAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Access } from "./access.ts";
import { ownerReference } from "./revisions.ts";

export const REVISION_LABEL = "controller-revision-hash";
const NAME_LABEL = "statefulset.kubernetes.io/pod-name";
const INDEX_LABEL = "apps.kubernetes.io/pod-index";

/** @returns -1 for a pod that no StatefulSet of this name makes. */
export function ordinalOf(set: KubeObject, pod: KubeObject): number {
  const [, parent, ordinal] = /^(.*)-(\d+)$/.exec(pod.metadata.name) ?? [];
  return parent === set.metadata.name ? Number(ordinal) : -1;
}

export const startOrdinal = (set: KubeObject): number => numberAt(set, "spec", "ordinals", "start") ?? 0;

export const revisionOf = (pod: KubeObject): string => pod.metadata.labels?.[REVISION_LABEL] ?? "";
export const isTerminating = (pod: KubeObject): boolean => pod.metadata.deletionTimestamp !== undefined;
export const phaseOf = (pod: KubeObject): string => stringAt(pod, "status", "phase") ?? "";

function readySince(pod: KubeObject): number | undefined {
  const ready = objectsAt(pod, "status", "conditions").find((one) => one["type"] === "Ready");
  if (ready === undefined || ready["status"] !== "True") return undefined;
  return Date.parse(stringAt(ready, "lastTransitionTime") ?? "");
}

export const isRunningAndReady = (pod: KubeObject): boolean =>
  phaseOf(pod) === "Running" && readySince(pod) !== undefined;

/** @returns milliseconds until a ready pod counts as available; 0 = it does, undefined = it is not ready. */
export function availableIn(pod: KubeObject, minReadySeconds: number, now: number): number | undefined {
  const since = readySince(pod);
  if (since === undefined) return undefined;
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1_000 - now);
}

export const isAvailable = (pod: KubeObject, minReadySeconds: number, now: number): boolean =>
  availableIn(pod, minReadySeconds, now) === 0;

/** The pod of an ordinal as it is sent to the API. @param template the set at the revision wanted. */
export function newPod(template: KubeObject, revision: string, ordinal: number): JsonObject {
  const { name } = template.metadata;
  const podName = `${name}-${ordinal}`;
  const from = copy(objectAt(template, "spec", "template"));
  const metadata = ensureObject(from, "metadata");
  const spec = ensureObject(from, "spec");
  Object.assign(metadata, {
    name: podName,
    generateName: `${name}-`,
    ownerReferences: [ownerReference(template)],
    labels: {
      ...objectAt(metadata, "labels"),
      [NAME_LABEL]: podName,
      [INDEX_LABEL]: String(ordinal),
      [REVISION_LABEL]: revision,
    },
  });
  Object.assign(spec, { hostname: podName, subdomain: stringAt(template, "spec", "serviceName") ?? "" });
  const claims = claimTemplates(template);
  const own = claims.map((claim) => claimVolume(template, claim, ordinal));
  const others = objectsAt(spec, "volumes").filter((volume) => !own.some((one) => one["name"] === volume["name"]));
  if (own.length + others.length > 0) spec["volumes"] = [...own, ...others];
  return from;
}

export const claimTemplates = (set: KubeObject): JsonObject[] => objectsAt(set, "spec", "volumeClaimTemplates");
const claimName = (set: KubeObject, claim: JsonObject, ordinal: number): string =>
  `${stringAt(claim, "metadata", "name") ?? ""}-${set.metadata.name}-${ordinal}`;
const claimVolume = (set: KubeObject, claim: JsonObject, ordinal: number): JsonObject => ({
  name: stringAt(claim, "metadata", "name") ?? "",
  persistentVolumeClaim: { claimName: claimName(set, claim, ordinal) },
});

/** Creates the claims of a pod that are missing. @returns false when one of them is being deleted. */
export function ensureClaims(access: Access, set: KubeObject, ordinal: number): boolean {
  const { namespace } = set.metadata;
  return claimTemplates(set).every((template) => {
    const name = claimName(set, template, ordinal);
    const existing = access.get("", "persistentvolumeclaims", namespace, name);
    if (existing !== undefined) return existing.metadata.deletionTimestamp === undefined;
    const labels = { ...objectAt(template, "metadata", "labels"), ...objectAt(set, "spec", "selector", "matchLabels") };
    const annotations = objectAt(template, "metadata", "annotations");
    access.create("", "persistentvolumeclaims", namespace, {
      metadata: { name, labels, annotations },
      spec: copy(objectAt(template, "spec")),
    });
    return true;
  });
}

/** Puts identity and volumes of a pod right, when somebody changed them. */
export function repairPod(access: Access, set: KubeObject, pod: KubeObject, ordinal: number): void {
  const labels = { ...pod.metadata.labels, [NAME_LABEL]: pod.metadata.name, [INDEX_LABEL]: String(ordinal) };
  if (isEqual(labels, pod.metadata.labels)) return;
  access.update({ ...pod, metadata: { ...pod.metadata, labels } });
}
