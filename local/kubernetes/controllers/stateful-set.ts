import type { LabelSelector } from "../../../lib/kubernetes/objects.ts";
import { matchesSelector } from "../../../lib/kubernetes/selectors.ts";
import type { Clock } from "../clock.ts";
import { isEqual, type JsonObject, numberAt, objectAt, stringAt } from "../json.ts";
import { controllerOf, type KubeObject, type OwnerReference } from "../object.ts";
import { resourceKey } from "../resource-type.ts";
import { StatusError } from "../status.ts";
import type { Access } from "./access.ts";
import { recordFailedCreate } from "./failed-creates.ts";
import type { Controller } from "./loop.ts";
import { atRevision, ownerReference, type Revisions, revisionsOf, truncateHistory } from "./revisions.ts";
import * as pods from "./stateful-pods.ts";
import { statusOf } from "./stateful-set-status.ts";

const SETS = resourceKey({ group: "apps", plural: "statefulsets" });
const PODS = resourceKey({ group: "", plural: "pods" });
const CLAIMS = resourceKey({ group: "", plural: "persistentvolumeclaims" });

/** The StatefulSet controller (k8s.io/kubernetes `pkg/controller/statefulset`). Keys are `namespace/name`. */
export function statefulSetController(access: Access, clock: Clock): Controller {
  return {
    keysOf({ resource, object, previous }) {
      const { namespace = "", name } = object.metadata;
      if (resource === SETS) return [`${namespace}/${name}`];
      if (resource === CLAIMS)
        return access.list("apps", "statefulsets", namespace).map((set) => `${namespace}/${set.metadata.name}`);
      if (resource !== PODS) return [];
      const owners = [controllerOf(object), previous && controllerOf(previous)];
      const parent = /^(.*)-\d+$/.exec(name)?.[1];
      const names = owners.map((owner) => (owner?.kind === "StatefulSet" ? owner.name : undefined));
      return [...new Set([...names, parent])].filter((one) => one !== undefined).map((one) => `${namespace}/${one}`);
    },
    reconcile(key) {
      const [namespace = "", name = ""] = key.split("/");
      const set = access.get("apps", "statefulsets", namespace, name);
      return set === undefined ? undefined : reconcileSet(access, set, clock.now());
    },
  };
}

function reconcileSet(access: Access, set: KubeObject, now: number): number | undefined {
  const owned = claimPods(access, set);
  const revisions = revisionsOf(access, set);
  const round = new Round(access, set, revisions, owned, now);
  try {
    if (!pods.isTerminating(set)) round.run();
  } finally {
    const status = statusOf(set, revisions, round.counted(), now);
    if (!isEqual(status, set["status"])) access.updateStatus(set, status);
    truncateHistory(access, set, revisions, new Set(owned.map(pods.revisionOf)));
  }
  const seconds = numberAt(set, "spec", "minReadySeconds") ?? 0;
  const waits = round.counted().flatMap((pod) => pods.availableIn(pod, seconds, now) || []);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** The set's pods; orphans that fit are adopted, pods whose labels no longer fit are let go. */
function claimPods(access: Access, set: KubeObject): KubeObject[] {
  const selector = objectAt(set, "spec", "selector") as LabelSelector;
  return access.list("", "pods", set.metadata.namespace).flatMap((pod) => {
    const owner = controllerOf(pod);
    const fits = matchesSelector(selector, pod.metadata.labels ?? {});
    const references = pod.metadata.ownerReferences ?? [];
    if (owner?.uid === set.metadata.uid) {
      if (fits || pods.isTerminating(set)) return [pod];
      access.update({
        ...pod,
        metadata: { ...pod.metadata, ownerReferences: references.filter((one) => one !== owner) },
      });
      return [];
    }
    if (owner !== undefined || !fits || pods.ordinalOf(set, pod) < 0) return [];
    if (pods.isTerminating(set) || pods.isTerminating(pod)) return [];
    const adopted = [...references, ownerReference(set) as OwnerReference];
    return [access.update({ ...pod, metadata: { ...pod.metadata, ownerReferences: adopted } })];
  });
}

/** A place in the set: the pod there, or the one to create. */
interface Replica {
  ordinal: number;
  pod?: KubeObject;
}

/** One pass over the pods of one set, in the order of `updateStatefulSet`. */
class Round {
  readonly #access: Access;
  readonly #set: KubeObject;
  readonly #revisions: Revisions;
  readonly #now: number;
  readonly #minReadySeconds: number;
  readonly #ordered: boolean;
  readonly #replicas: Replica[];
  #condemned: KubeObject[];

  constructor(access: Access, set: KubeObject, revisions: Revisions, owned: readonly KubeObject[], now: number) {
    this.#access = access;
    this.#set = set;
    this.#revisions = revisions;
    this.#now = now;
    this.#minReadySeconds = numberAt(set, "spec", "minReadySeconds") ?? 0;
    this.#ordered = stringAt(set, "spec", "podManagementPolicy") !== "Parallel";
    const start = pods.startOrdinal(set);
    const count = numberAt(set, "spec", "replicas") ?? 1;
    const at = new Map(owned.map((pod) => [pods.ordinalOf(set, pod), pod]));
    this.#replicas = Array.from({ length: count }, (_, index): Replica => {
      const pod = at.get(start + index);
      return { ordinal: start + index, ...(pod && { pod }) };
    });
    this.#condemned = owned
      .filter((pod) => {
        const ordinal = pods.ordinalOf(set, pod);
        return ordinal >= 0 && (ordinal < start || ordinal >= start + count);
      })
      .toSorted((a, b) => pods.ordinalOf(set, b) - pods.ordinalOf(set, a));
  }

  /** Every pod there is, after what this round did. */
  counted(): KubeObject[] {
    return [...this.#replicas.flatMap(({ pod }) => pod ?? []), ...this.#condemned];
  }

  run(): void {
    const inOrder = [...this.#replicas.flatMap(({ pod }) => pod ?? []), ...this.#condemned.toReversed()];
    const firstUnavailable = inOrder.find((pod) => this.#isUnavailable(pod));
    const failures: StatusError[] = [];
    for (const replica of this.#replicas) {
      try {
        if (this.#process(replica) && this.#ordered) return;
      } catch (error) {
        if (this.#ordered || !(error instanceof StatusError)) throw error;
        failures.push(error);
      }
    }
    if (failures[0] !== undefined) throw failures[0];
    for (const pod of this.#condemned) {
      if (this.#condemn(pod, firstUnavailable) && this.#ordered) return;
    }
    if (stringAt(this.#set, "spec", "updateStrategy", "type") !== "OnDelete") this.#update();
  }

  /** @returns whether an ordered set has to wait here. */
  #process(replica: Replica): boolean {
    const { pod, ordinal } = replica;
    if (pod !== undefined && ["Failed", "Succeeded"].includes(pods.phaseOf(pod))) {
      if (!pods.isTerminating(pod)) this.#delete(pod);
      return true;
    }
    if (pod === undefined) {
      if (!pods.ensureClaims(this.#access, this.#set, ordinal)) return true;
      replica.pod = this.#create(ordinal);
      return true;
    }
    if (pods.phaseOf(pod) === "Pending") pods.ensureClaims(this.#access, this.#set, ordinal);
    const waits =
      pods.isTerminating(pod) ||
      !pods.isRunningAndReady(pod) ||
      !pods.isAvailable(pod, this.#minReadySeconds, this.#now);
    if (waits && this.#ordered) return true;
    pods.repairPod(this.#access, this.#set, pod, ordinal);
    return false;
  }

  /** @returns whether an ordered set has to wait here. */
  #condemn(pod: KubeObject, firstUnavailable: KubeObject | undefined): boolean {
    if (pods.isTerminating(pod)) return true;
    const healthy = pods.isRunningAndReady(pod) && pods.isAvailable(pod, this.#minReadySeconds, this.#now);
    if (!healthy && this.#ordered && pod !== firstUnavailable) return true;
    this.#delete(pod);
    return true;
  }

  /** RollingUpdate: the highest ordinal that is not at the update revision goes first. */
  #update(): void {
    const partition = numberAt(this.#set, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
    for (const { pod } of this.#replicas.slice(partition).toReversed()) {
      if (pod === undefined) return;
      if (pods.revisionOf(pod) !== this.#revisions.update.metadata.name && !pods.isTerminating(pod)) {
        this.#delete(pod);
        return;
      }
      if (this.#isUnavailable(pod)) return;
    }
  }

  #isUnavailable(pod: KubeObject): boolean {
    return pods.isTerminating(pod) || !pods.isAvailable(pod, this.#minReadySeconds, this.#now);
  }

  #create(ordinal: number): KubeObject {
    const revision = this.#startsAtCurrent(ordinal) ? this.#revisions.current : this.#revisions.update;
    const body: JsonObject = pods.newPod(atRevision(this.#set, revision), revision.metadata.name, ordinal);
    try {
      return this.#access.create("", "pods", this.#set.metadata.namespace, body);
    } catch (error) {
      if (error instanceof StatusError) {
        const pod = `${this.#set.metadata.name}-${ordinal}`;
        recordFailedCreate(this.#access, this.#set, pod, error.message, this.#now);
      }
      throw error;
    }
  }

  #startsAtCurrent(ordinal: number): boolean {
    const strategy = objectAt(this.#set, "spec", "updateStrategy");
    const start = pods.startOrdinal(this.#set);
    if (strategy["rollingUpdate"] === undefined) {
      return (
        strategy["type"] === "RollingUpdate" &&
        ordinal < start + (numberAt(this.#set, "status", "currentReplicas") ?? 0)
      );
    }
    return ordinal < start + (numberAt(strategy, "rollingUpdate", "partition") ?? 0);
  }

  #delete(pod: KubeObject): void {
    this.#access.delete(pod);
    const now = this.#access.get("", "pods", pod.metadata.namespace, pod.metadata.name);
    for (const replica of this.#replicas) {
      if (replica.pod !== pod) continue;
      if (now === undefined) delete replica.pod;
      else replica.pod = now;
    }
    this.#condemned = this.#condemned.flatMap((one) => (one === pod ? (now ?? []) : one));
  }
}
