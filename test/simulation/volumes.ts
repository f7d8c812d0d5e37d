import type { PersistentVolume, PersistentVolumeClaim, PodSpec } from "../../lib/kubernetes/objects.ts";
import type { ClusterModel } from "./model.ts";

/** The claim of a pod, bound to a volume that its zone's nodes alone can reach, as the EBS CSI driver makes it. */
export function bindVolume(
  model: ClusterModel,
  owner: string,
  ordinal: number,
  spread: readonly string[],
): NonNullable<PodSpec["volumes"]>[number] {
  const claimName = `data-${owner}-${ordinal}`;
  if (model.find("persistentvolumeclaims", claimName) === undefined) {
    const zone = spread[ordinal % spread.length] ?? "";
    const expression = { key: "topology.ebs.csi.aws.com/zone", operator: "In", values: [zone] };
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } };
    const volumeName = `pv-${claimName}`;
    model.put<PersistentVolume>("persistentvolumes", { metadata: { name: volumeName }, spec: { nodeAffinity } });
    const metadata = { name: claimName, labels: { name: owner } };
    model.put<PersistentVolumeClaim>("persistentvolumeclaims", { metadata, spec: { volumeName } });
  }
  return { name: "data", persistentVolumeClaim: { claimName } };
}
