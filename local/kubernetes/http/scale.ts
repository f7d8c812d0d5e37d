import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { formatSelector } from "../../../lib/kubernetes/selectors.ts";
import { isObject, type JsonObject, numberAt, objectAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { badRequest, causes, invalid } from "../status.ts";

/** The Scale (autoscaling/v1) of a workload. */
export function scaleOf(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = object["spec"] === undefined ? {} : objectAt(object, "spec", "selector");
  const replicas = numberAt(object, "spec", "replicas");
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: {
      replicas: numberAt(object, "status", "replicas") ?? 0,
      selector: formatSelector(selector as LabelSelector),
    },
  };
}

/**
 * The workload as a changed Scale wants it.
 * @throws StatusError 400, 422.
 */
export function scaled(object: KubeObject, scale: JsonObject): JsonObject {
  const wanted = scale["spec"];
  const replicas = isObject(wanted) ? (wanted["replicas"] ?? 0) : 0;
  const { name } = object.metadata;
  if (typeof replicas !== "number") {
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`,
    );
  }
  if (replicas < 0) {
    throw invalid({ group: "autoscaling", kind: "Scale", name }, [
      causes.invalid("spec.replicas", replicas, "must be greater than or equal to 0"),
    ]);
  }
  const metadata = isObject(scale["metadata"]) ? scale["metadata"] : {};
  const { uid, resourceVersion } = metadata;
  const given = { name: metadata["name"] ?? name, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
  return {
    ...object,
    metadata: { ...object.metadata, resourceVersion: "", ...given },
    spec: { ...objectAt(object, "spec"), replicas },
  };
}
