import { type JsonObject, objectAt, objectsAt, stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import type { Access } from "./access.ts";
import type { Controller } from "./loop.ts";

const CLAIMS = resourceKey({ group: "", plural: "persistentvolumeclaims" });
const PODS = resourceKey({ group: "", plural: "pods" });
const PROVISIONER = "outrigger.dev/simulated";
const PROTECTION = "kubernetes.io/pvc-protection";

/** Binds each claim to a simulated volume, protects claims that pods use, and drops volumes without a claim. Keys are `namespace/name`. */
export function volumeController(access: Access): Controller {
  return {
    keysOf({ resource, type, object }) {
      const { namespace = "", name } = object.metadata;
      if (resource === CLAIMS) return [`${namespace}/${name}`];
      return resource === PODS && type === "DELETED" ? claimsOf(object).map((claim) => `${namespace}/${claim}`) : [];
    },
    reconcile(key) {
      const [namespace = "", name = ""] = key.split("/");
      const claim = access.get("", "persistentvolumeclaims", namespace, name);
      if (claim === undefined) dropVolume(access, namespace, name);
      else if (claim.metadata.deletionTimestamp !== undefined) unprotect(access, claim);
      else if (stringAt(claim, "status", "phase") === "Pending") bind(access, claim);
      return undefined;
    },
  };
}

function claimsOf(pod: KubeObject): string[] {
  return objectsAt(pod, "spec", "volumes").flatMap(
    (volume) => stringAt(volume, "persistentVolumeClaim", "claimName") ?? [],
  );
}

function unprotect(access: Access, claim: KubeObject): void {
  const { finalizers = [], namespace, name } = claim.metadata;
  const used = access.list("", "pods", namespace).some((pod) => claimsOf(pod).includes(name));
  if (used || !finalizers.includes(PROTECTION)) return;
  const left = finalizers.filter((one) => one !== PROTECTION);
  access.update({ ...claim, metadata: { ...claim.metadata, finalizers: left } });
}

function dropVolume(access: Access, namespace: string, name: string): void {
  for (const volume of access.list("", "persistentvolumes")) {
    const reference = objectAt(volume, "spec", "claimRef");
    if (reference["namespace"] === namespace && reference["name"] === name) access.remove(volume);
  }
}

function bind(access: Access, claim: KubeObject): void {
  const { name, namespace = "", uid } = claim.metadata;
  const spec = objectAt(claim, "spec");
  const capacity: JsonObject = { storage: objectAt(spec, "resources", "requests")["storage"] ?? "0" };
  const { accessModes = [], storageClassName = "", volumeMode = "Filesystem" } = spec;
  const volumeName = `pvc-${uid}`;
  if (access.get("", "persistentvolumes", undefined, volumeName) === undefined) {
    const volume = access.create("", "persistentvolumes", undefined, {
      metadata: { name: volumeName, annotations: { "pv.kubernetes.io/provisioned-by": PROVISIONER } },
      spec: {
        accessModes,
        capacity,
        persistentVolumeReclaimPolicy: "Delete",
        storageClassName,
        volumeMode,
        claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
        hostPath: { path: `/simulated/${uid}`, type: "" },
      },
    });
    access.updateStatus(volume, { phase: "Bound" });
  }
  const annotations = {
    ...claim.metadata.annotations,
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
    "volume.beta.kubernetes.io/storage-provisioner": PROVISIONER,
    "volume.kubernetes.io/storage-provisioner": PROVISIONER,
  };
  const bound = access.update({
    ...claim,
    metadata: { ...claim.metadata, annotations },
    spec: { ...spec, volumeName },
  });
  access.updateStatus(bound, { phase: "Bound", accessModes, capacity });
}
