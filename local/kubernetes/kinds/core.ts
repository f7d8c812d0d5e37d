import { ensureObject, isEqual, isObject, type JsonObject, objectAt, plain, setDefault, stringAt } from "../json.ts";
import { configKeyProblems } from "../names.ts";
import type { KubeObject } from "../object.ts";
import { quantityValue } from "../quantity.ts";
import type { Strategy } from "../resource-type.ts";
import { type Cause, causes } from "../status.ts";

/** Kinds with a status that the main resource cannot change. */
const statusKept: Pick<Strategy, "prepareCreate" | "prepareUpdate"> = {
  prepareCreate(object) {
    object["status"] = {};
  },
  prepareUpdate(object, old) {
    if (old["status"] === undefined) delete object["status"];
    else object["status"] = old["status"];
  },
};

export const namespaceStrategy: Strategy = {
  defaults(namespace) {
    const metadata = ensureObject(namespace, "metadata");
    if (typeof metadata["name"] === "string" && metadata["name"] !== "") {
      ensureObject(metadata, "labels")["kubernetes.io/metadata.name"] = metadata["name"];
    }
    ensureObject(namespace, "spec");
    setDefault(ensureObject(namespace, "status"), "phase", "Active");
  },
  prepareCreate(namespace) {
    namespace["spec"] = { finalizers: ["kubernetes"] };
    namespace["status"] = { phase: "Active" };
  },
  prepareUpdate(namespace, old) {
    namespace["spec"] = old["spec"] ?? {};
    namespace["status"] = old["status"] ?? {};
  },
  nameRule: "label",
  selectable: (namespace) => ({ "status.phase": stringAt(namespace, "status", "phase") ?? "" }),
  mark: (namespace, now) => ({
    ...namespace,
    metadata: { ...namespace.metadata, deletionTimestamp: now },
    status: { phase: "Terminating" },
  }),
};

export const nodeStrategy: Strategy = {
  defaults(node) {
    ensureObject(node, "spec");
    const status = ensureObject(node, "status");
    if (status["capacity"] !== undefined) setDefault(status, "allocatable", status["capacity"]);
    setDefault(status, "daemonEndpoints", { kubeletEndpoint: { Port: 0 } });
    const info = ensureObject(status, "nodeInfo");
    for (const field of NODE_INFO) setDefault(info, field, "");
  },
  prepareUpdate(node, old) {
    node["status"] = old["status"] ?? {};
  },
  selectable: (node) => ({ "spec.unschedulable": plain(objectAt(node, "spec")["unschedulable"] ?? false) }),
};

const NODE_INFO = [
  "machineID",
  "systemUUID",
  "bootID",
  "kernelVersion",
  "osImage",
  "containerRuntimeVersion",
  "kubeletVersion",
  "kubeProxyVersion",
  "operatingSystem",
  "architecture",
];

function dataCauses(object: KubeObject, old: KubeObject | undefined, fields: readonly string[]): Cause[] {
  const found: Cause[] = fields.flatMap((field) =>
    Object.keys(objectAt(object, field)).flatMap((key) =>
      configKeyProblems(key).map((problem) => causes.invalid(`${field}[${key}]`, key, problem)),
    ),
  );
  if (old?.["immutable"] === true) {
    const text = "field is immutable when `immutable` is set";
    if (object["immutable"] !== true) found.push(causes.forbidden("immutable", text));
    for (const field of fields) {
      if (!isEqual(object[field], old[field])) found.push(causes.forbidden(field, text));
    }
  }
  return found;
}

/** An empty map is not shown. */
function dropEmpty(object: JsonObject, ...fields: string[]): void {
  for (const field of fields) {
    const value = object[field];
    if (isObject(value) && Object.keys(value).length === 0) delete object[field];
  }
}

export const configMapStrategy: Strategy = {
  defaults: (map) => dropEmpty(map, "data", "binaryData"),
  validate: (map, old) => dataCauses(map, old, ["data", "binaryData"]),
};

export const secretStrategy: Strategy = {
  defaults(secret) {
    setDefault(secret, "type", "Opaque");
    const texts = objectAt(secret, "stringData");
    for (const [key, value] of Object.entries(texts)) {
      ensureObject(secret, "data")[key] = Buffer.from(plain(value)).toString("base64");
    }
    delete secret["stringData"];
    dropEmpty(secret, "data");
  },
  validate(secret, old) {
    const found = dataCauses(secret, old, ["data"]);
    if (old !== undefined && secret["type"] !== old["type"]) {
      found.push(causes.invalid("type", secret["type"] ?? "", "field is immutable"));
    }
    return found;
  },
  selectable: (secret) => ({ type: stringAt(secret, "type") ?? "" }),
};

export const serviceAccountStrategy: Strategy = { returnsDeleted: true };

export const quotaStrategy: Strategy = {
  ...statusKept,
  defaults(quota) {
    ensureObject(quota, "spec");
    ensureObject(quota, "status");
  },
  returnsDeleted: true,
};

export const eventStrategy: Strategy = {
  defaults(event) {
    setDefault(event, "source", {});
    for (const field of ["firstTimestamp", "lastTimestamp", "eventTime"]) event[field] ??= null;
    for (const field of ["reportingComponent", "reportingInstance"]) setDefault(event, field, "");
  },
  selectable(event) {
    const fields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];
    const involved = objectAt(event, "involvedObject");
    return {
      ...Object.fromEntries(fields.map((field) => [`involvedObject.${field}`, stringAt(involved, field) ?? ""])),
      reason: stringAt(event, "reason") ?? "",
      type: stringAt(event, "type") ?? "",
    };
  },
};

/** @param field where the spec of the claim stands. */
export function claimSpecCauses(spec: JsonObject, field: string): Cause[] {
  const found: Cause[] = [];
  const storage = objectAt(spec, "resources", "requests")["storage"];
  if (!Array.isArray(spec["accessModes"])) {
    found.push(causes.required(`${field}.accessModes`, "at least 1 access mode is required"));
  }
  if (storage === undefined) found.push(causes.required(`${field}.resources[storage]`));
  else if (quantityValue(plain(storage)) <= 0) {
    found.push(causes.invalid(`${field}.resources[storage]`, storage, "must be greater than zero"));
  }
  return found;
}

export const claimStrategy: Strategy = {
  defaults(claim) {
    setDefault(ensureObject(claim, "spec"), "volumeMode", "Filesystem");
    setDefault(ensureObject(claim, "status"), "phase", "Pending");
  },
  prepareCreate(claim) {
    claim["status"] = { phase: "Pending" };
    claim.metadata.finalizers = [...(claim.metadata.finalizers ?? []), "kubernetes.io/pvc-protection"];
  },
  prepareUpdate(claim, old) {
    claim["status"] = old["status"] ?? {};
  },
  validate: (claim) => claimSpecCauses(objectAt(claim, "spec"), "spec"),
  returnsDeleted: true,
};

export const volumeStrategy: Strategy = {
  defaults(volume) {
    const spec = ensureObject(volume, "spec");
    setDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
    setDefault(spec, "volumeMode", "Filesystem");
    setDefault(ensureObject(volume, "status"), "phase", "Pending");
  },
  prepareUpdate: statusKept.prepareUpdate as NonNullable<Strategy["prepareUpdate"]>,
  returnsDeleted: true,
};

export const storageClassStrategy: Strategy = {
  defaults(storageClass) {
    setDefault(storageClass, "reclaimPolicy", "Delete");
    setDefault(storageClass, "volumeBindingMode", "Immediate");
  },
  validate: (storageClass) =>
    stringAt(storageClass, "provisioner") === undefined ? [causes.required("provisioner")] : [],
  returnsDeleted: true,
};

export const leaseStrategy: Strategy = {
  defaults(lease) {
    ensureObject(lease, "spec");
  },
  validate(lease) {
    const { leaseDurationSeconds: seconds } = objectAt(lease, "spec");
    return typeof seconds === "number" && seconds <= 0
      ? [causes.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
      : [];
  },
};
