import type { Clock } from "../clock.ts";
import { stringAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import { StatusError } from "../status.ts";
import type { Store } from "../store.ts";
import type { Access } from "./access.ts";
import { nextStage, type StageOptions } from "./kubelet-stages.ts";
import { createPodAddresses } from "./pod-addresses.ts";

const PODS = resourceKey({ group: "", plural: "pods" });

interface Planned {
  stage: string;
  cancel: () => void;
}

/**
 * Lets pods that are bound to nodes live: each goes from stage to stage after its delays.
 * @returns stops it.
 */
export function runKubelets(
  access: Access,
  store: Store,
  clock: Clock,
  options: Pick<StageOptions, "readyAfterMs" | "random">,
): () => void {
  const addresses = createPodAddresses();
  const stages: StageOptions = { ...options, addressOf: addresses.of };
  const planned = new Map<string, Planned>();
  const forget = (uid: string): void => {
    planned.get(uid)?.cancel();
    planned.delete(uid);
  };
  const plan = (pod: KubeObject): void => {
    const { uid } = pod.metadata;
    const next = nextStage(pod, stages);
    if (next?.name === planned.get(uid)?.stage) return;
    forget(uid);
    if (next === undefined) return;
    const cancel = clock.after(next.afterMs, () => {
      planned.delete(uid);
      step(uid, next.name, pod);
    });
    planned.set(uid, { stage: next.name, cancel });
  };
  const step = (uid: string, name: string, { metadata }: KubeObject): void => {
    const pod = access.get("", "pods", metadata.namespace, metadata.name);
    if (pod === undefined || pod.metadata.uid !== uid) return;
    const stage = nextStage(pod, stages);
    if (stage?.name !== name) {
      plan(pod);
      return;
    }
    try {
      if (stage.status === undefined) access.delete(pod, { gracePeriodSeconds: 0 });
      else access.updateStatus(pod, stage.status(clock.now()));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
    }
  };
  const unsubscribe = store.subscribe(({ resource, type, object }) => {
    if (resource !== PODS) return;
    if (type === "DELETED") {
      forget(object.metadata.uid);
      addresses.release(object.metadata.uid);
    } else if (stringAt(object, "spec", "nodeName") !== undefined) plan(object);
  });
  return () => {
    unsubscribe();
    for (const uid of planned.keys()) planned.get(uid)?.cancel();
  };
}
