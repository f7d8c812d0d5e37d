import { applyObject, deleteObject, isAbsent, isIn, type Stage, stage } from "./stage.ts";

const PROVISIONER = "outrigger.dev/simulated";

/** The class for claims that name none. Claims of any other class get their simulated volume too. */
export const DEFAULT_STORAGE_CLASS = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "gp3", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: PROVISIONER,
  reclaimPolicy: "Delete",
  volumeBindingMode: "Immediate",
};

/** The life of a simulated volume: made for a claim (the controllers then bind the two), deleted when its claim is gone. */
export function volumeStages(): Stage[] {
  return [
    stage(
      "PersistentVolumeClaim",
      "volume-provision",
      [isAbsent(".metadata.deletionTimestamp"), isAbsent(".spec.volumeName"), isIn(".status.phase", "Pending")],
      applyObject(VOLUME),
    ),
    stage(
      "PersistentVolume",
      "volume-delete",
      [
        isAbsent(".metadata.deletionTimestamp"),
        isIn(".status.phase", "Released"),
        isIn('.metadata.annotations["pv.kubernetes.io/provisioned-by"]', PROVISIONER),
      ],
      deleteObject,
    ),
  ];
}

const VOLUME = `
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pvc-{{ .metadata.uid }}
  annotations:
    pv.kubernetes.io/provisioned-by: ${PROVISIONER}
spec:
  accessModes: {{ .spec.accessModes | toJson }}
  capacity: {{ .spec.resources.requests | toJson }}
  persistentVolumeReclaimPolicy: Delete
  storageClassName: {{ or .spec.storageClassName "" | Quote }}
  volumeMode: {{ or .spec.volumeMode "Filesystem" }}
  claimRef:
    apiVersion: v1
    kind: PersistentVolumeClaim
    name: {{ .metadata.name | Quote }}
    namespace: {{ .metadata.namespace | Quote }}
    uid: {{ .metadata.uid | Quote }}
  hostPath:
    path: /simulated/{{ .metadata.uid }}`;
