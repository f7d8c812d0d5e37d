import type { KubernetesClient, WatchEvent } from "../../../lib/kubernetes/client.ts";
import type { Candidate, SafetyContext, SafetyRule } from "../../../lib/rollouts/safety-rule.ts";
import { ClusterView } from "../../../lib/rollouts/watch.ts";
import type { Clock } from "../../../lib/work/ports.ts";
import { type FakeWorkStore, rowId } from "../../fakes/work-store.ts";
import { befallen, instead, type Mutation, without } from "./mutation.ts";
import { SCALING_MUTATIONS } from "./mutations-scaling.ts";
import type { Process } from "./process.ts";

/** Another place for each zone than there is. */
function roomier(batch: readonly Candidate[]): Candidate[] {
  return batch.map((candidate) => ({ ...candidate, part: { ...candidate.part, budget: candidate.part.budget + 1 } }));
}

const LOOK_FOR_CONTROLLERS = "other controllers are looked for before a zone starts, and each minute";

/** As if these zones had been at work for long. */
const begun = (batch: readonly Candidate[]): SafetyContext["zoneTimes"] =>
  Object.fromEntries(batch.map(({ zone }) => [zone.name, { startedAt: "" }]));

/** A method of the view that does something else. */
function view<K extends "deletesBegin" | "heldUp">(name: K, method: ClusterView[K]): () => () => void {
  return () => {
    const before = ClusterView.prototype[name];
    ClusterView.prototype[name] = method;
    return () => {
      ClusterView.prototype[name] = before;
    };
  };
}

/** A watch that tells nothing, and ends only when nobody wants it any more. */
function mute<T>(signal?: AbortSignal): AsyncIterable<WatchEvent<T>> {
  const next = async (): Promise<IteratorReturnResult<undefined>> => {
    await new Promise<void>((resolve) => {
      if (signal?.aborted === true) resolve();
      signal?.addEventListener("abort", () => resolve());
    });
    return { done: true, value: undefined };
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

/** Hears of pods alone. */
const deafToWishes = (client: KubernetesClient): KubernetesClient => ({
  ...client,
  watch: (type, options) => (type.plural === "pods" ? client.watch(type, options) : mute(options.signal)),
});

const careless = (client: KubernetesClient): KubernetesClient => ({
  ...client,
  delete: (type, name, options) => client.delete(type, name, { ...options, preconditions: {} }),
});

/** A clock that stands still as long as its process does. */
function deaf(process: Process): Clock {
  const { time } = process;
  return {
    ...time,
    now: () => time.now() - process.stoodStillMs,
    monotonicMs: () => time.monotonicMs() - process.stoodStillMs,
  };
}

/** A table that lets everybody take what others hold, and write what others have taken. */
function openToAll(store: FakeWorkStore): void {
  const take = store.take.bind(store);
  const pencil = store.pencil.bind(store);
  store.take = (key, ticket, lease) => {
    for (const row of store.rows.values()) row.leaseUntil = 0;
    return take(key, ticket, lease);
  };
  store.pencil = (holding, intent, auditId) => {
    const row = store.rows.get(rowId(holding.key));
    if (row !== undefined)
      Object.assign(row, { fence: holding.fence, owner: holding.owner, leaseUntil: Number.MAX_SAFE_INTEGER });
    return pencil(holding, intent, auditId);
  };
}

/** Bugs, each of which must break a promise that the simulations see. */
export const MUTATIONS: Record<string, Mutation> = {
  "other zones go on while two are unready": without("two zones or more are unready"),
  "zones go at the same time": without("one zone at a time, an unready one first"),
  "maxUnavailable is no limit": without("no more than maxUnavailable"),
  "one pod more than maxUnavailable": {
    apply: instead<SafetyRule>("no more than maxUnavailable", (rule) => ({
      ...rule,
      apply: (batch, context) => rule.apply(roomier(batch), context),
    })),
  },
  "terminating pods are deleted again": without("a terminating pod is skipped"),
  "young pods are judged by old StatefulSets": without(
    "a pod is judged by StatefulSets that were listed after it was created",
    befallen("watch silent for long", "watch lags"),
  ),
  "changed members are of no concern": without(
    "the members have changed",
    befallen("StatefulSet recreated", "StatefulSet gone for long", "StatefulSet relabelled"),
  ),
  "a pause of the resource stops nothing": without("the resource is paused", befallen("resource paused")),
  "a pause of a StatefulSet stops nothing": without(
    "a paused StatefulSet is left alone",
    befallen("StatefulSet paused"),
  ),
  "zones do not soak": without("a completed zone soaks first", ({ spec }) => spec.zoneSoakSeconds > 0),
  "nobody is asked before the next zone": without("a person approves each zone", befallen("approval needed")),
  "intervalSeconds is 0": without("intervalSeconds between two batches", ({ spec }) => spec.intervalSeconds > 0),
  "gates are asked and not heard": without("every gate is open", befallen("alarm fires", "alarm without data")),
  "zonal shifts are of no concern": without("no zonal shift is active", befallen("zonal shift")),
  "claims of others are of no concern": without(
    "another owner holds a claim",
    befallen("second hub", "second resource"),
  ),
  "deletes without the pod's UID": {
    bend: { client: careless },
    among: befallen("delete carried out late"),
  },
  "a delete is forgotten while the watch lags": {
    apply: view("deletesBegin", () => {}),
    among: befallen("watch lags", "watch silent for long"),
  },
  "a view that has become old is trusted": {
    bend: { client: deafToWishes },
    among: befallen("resource paused", "StatefulSet paused", "template changed", "maxUnavailable changed"),
  },
  "a worker does not notice that it stood still": {
    apply: view("heldUp", () => false),
    among: befallen("worker frozen for a while"),
  },
  "a worker does not notice that its lease is over": {
    bend: { clock: deaf },
    among: ({ faults }) => faults.some(({ kind, which }) => kind === "worker frozen past its lease" && which % 2 === 0),
  },
  "leases and fences keep nobody out": {
    bend: { store: openToAll },
    among: befallen("message twice", "person asks for a pass", "worker frozen past its lease"),
  },
  "other controllers are of no concern": without(
    "a controller in the cluster could act too",
    befallen("operator not removed", "operator scaled up"),
  ),
  "other controllers are looked for once": without(LOOK_FOR_CONTROLLERS, befallen("operator scaled up")),
  "nobody looks for other controllers before a zone starts": {
    apply: instead<SafetyRule>(LOOK_FOR_CONTROLLERS, (rule) => ({
      ...rule,
      apply: (batch, context) => rule.apply(batch, { ...context, zoneTimes: begun(batch) }),
    })),
    among: befallen("operator scaled up"),
  },
  "nobody hears what people order": without(
    "a person has stopped it in the hub",
    befallen("pause ordered", "abort ordered"),
  ),
  "a strategy that is not OnDelete is of no concern": without(
    "a StatefulSet is not OnDelete",
    befallen("strategy set back"),
  ),
  ...SCALING_MUTATIONS,
};
