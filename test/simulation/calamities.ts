import type { Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import { isOwned } from "../../lib/rollouts/pods.ts";
import type { ClusterModel } from "./model.ts";
import { isReady, ownerName, ownerOf, templateOf, withReady } from "./objects.ts";

/** A node does not answer: its pods are not Ready for a while. @returns those it befell. */
export function losePods(model: ClusterModel, names: readonly string[], forMs: number): string[] {
  const change = (ready: boolean): string[] =>
    names.filter((name) => {
      const pod = model.find<Pod>("pods", name);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return false;
      if (pod.status?.phase !== "Running" || isReady(pod) === ready) return false;
      const behaviour = model.behaviourOf(pod);
      if (behaviour === "crash" || behaviour === "never" || (ready && model.stuck.has(name))) return false;
      model.put("pods", withReady(pod, ready, model.clock.iso()));
      model.resync([ownerName(pod)]);
      return true;
    });
  const lost = change(false);
  model.clock.after(forMs, () => change(true));
  return lost;
}

/**
 * A node is gone for good: its pods are Unknown, then terminating for as long as nobody confirms their end, and only then
 * created again elsewhere. @returns those it befell.
 */
export function loseNode(model: ClusterModel, names: readonly string[], forMs: number): string[] {
  const { clock } = model;
  return names.filter((name) => {
    const pod = model.find<Pod>("pods", name);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return false;
    const unknown = { type: "Ready", status: "Unknown" as const, lastTransitionTime: clock.iso() };
    const gone = (): Pod | undefined => {
      const found = model.find<Pod>("pods", name);
      return found?.metadata.uid === pod.metadata.uid ? found : undefined;
    };
    model.put("pods", { ...pod, status: { ...pod.status, conditions: [unknown] } });
    model.resync([ownerName(pod)]);
    clock.after(forMs / 3, () => {
      const found = gone();
      if (found?.metadata.deletionTimestamp !== undefined || found === undefined) return;
      model.put("pods", { ...found, metadata: { ...found.metadata, deletionTimestamp: clock.iso() } });
    });
    clock.after(forMs, () => {
      if (gone() === undefined) return;
      model.remove("pods", name);
      model.resync([ownerName(pod)]);
    });
    return true;
  });
}

/** Annotations that stand in the manifest people keep; what is written into the cluster by others is lost. */
const MANIFEST = /^grafana\.com\/(rollout-(mirror|downscale|upscale)|prepare-)/;

/**
 * Deletes a StatefulSet, leaves its pods, and creates it again, from the manifest people keep, as another object that
 * adopts them.
 */
export function recreateStatefulSet(model: ClusterModel, name: string, afterMs: number): void {
  const before = model.find<StatefulSet>("statefulsets", name);
  if (before === undefined) return;
  model.remove("statefulsets", name);
  model.clock.after(afterMs, () => {
    const { uid: _uid, annotations: all = {}, ...metadata } = before.metadata;
    const annotations = Object.fromEntries(Object.entries(all).filter(([key]) => MANIFEST.test(key)));
    const revision = model.revisionOf(name);
    const spec = revision === undefined ? before.spec : { ...before.spec, template: templateOf(revision) };
    const created = model.put<StatefulSet>("statefulsets", { ...before, spec, metadata: { ...metadata, annotations } });
    for (const pod of model.all<Pod>("pods").filter((each) => isOwned(each, before))) {
      const owner = { ...ownerOf(pod), uid: created.metadata.uid ?? "" };
      model.put("pods", { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } });
    }
    model.resync([name]);
  });
}

/** A pod that was stuck becomes Ready like any other. */
export function unstick(model: ClusterModel, name: string): void {
  model.stuck.delete(name);
  const pod = model.find<Pod>("pods", name);
  if (pod?.status?.phase !== "Running" || pod.metadata.deletionTimestamp !== undefined) return;
  const behaviour = model.behaviourOf(pod);
  if (isReady(pod) || behaviour === "crash" || behaviour === "never") return;
  model.put("pods", withReady(pod, true, model.clock.iso()));
  model.resync([ownerName(pod)]);
}

/** People want another number of replicas. @returns whether that is another one. */
export function scale(model: ClusterModel, name: string, replicas: number): boolean {
  const before = model.find<StatefulSet>("statefulsets", name);
  if (before === undefined || before.spec.replicas === replicas) return false;
  model.changeStatefulSet(before, { ...before, spec: { ...before.spec, replicas } });
  return true;
}

/** Each zone takes its replicas from the one before, as grafana/rollout-operator has it. */
export function followLeader(model: ClusterModel, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    const leader = names[index - 1];
    if (leader !== undefined) mark(model, name, "annotations", { "grafana.com/rollout-downscale-leader": leader });
  }
}

/** Gives a StatefulSet other labels or annotations; undefined takes one away. @returns whether there is such a StatefulSet. */
export function mark(
  model: ClusterModel,
  name: string,
  what: "labels" | "annotations",
  changes: Record<string, string | undefined>,
): boolean {
  const before = model.find<StatefulSet>("statefulsets", name);
  if (before === undefined) return false;
  const kept = Object.entries({ ...before.metadata[what], ...changes }).filter(([, value]) => value !== undefined);
  model.put("statefulsets", { ...before, metadata: { ...before.metadata, [what]: Object.fromEntries(kept) } });
  return true;
}
