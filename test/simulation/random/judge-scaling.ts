import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { ClusterModel } from "../model.ts";
import { ownerName } from "../objects.ts";
import type { Setting } from "./draw.ts";
import type { Facts } from "./facts.ts";
import type { ReplicaTemplate, Scaling } from "./scaling.ts";
import type { OwnWrite } from "./surroundings.ts";

export interface ScaleJudgeOptions {
  setting: Setting;
  facts: Facts;
  zoneOf: (pod: string) => string;
  lagMs: number;
  isStranger: (pod: string) => boolean;
  violate: (what: string) => void;
}

/** How long what a mirrored resource answered may be used, milliseconds. */
const MIRROR_MS = 10_000;
/** What may pass between the plan of a scale-down, from when the minimum time counts, and its write, milliseconds. */
const PREPARE_MS = 8_000;
/** Pods that were told in vain so often may be replaced all the same. */
const TOLD_IN_VAIN = 5;

/** Looks at every change of replicas of ours, and says what it breaks. */
export class ScaleJudge {
  /** Zones of the pods that go because of a scale-down of ours, by pod. */
  readonly leaving = new Map<string, string>();
  readonly #model: ClusterModel;
  readonly #scaling: Scaling;
  readonly #options: ScaleJudgeOptions;
  readonly #lastDownAt = new Map<string, number>();

  constructor(model: ClusterModel, scaling: Scaling, options: ScaleJudgeOptions) {
    this.#model = model;
    this.#scaling = scaling;
    this.#options = options;
    model.subscribe(({ collection, object, type }) => {
      if (type !== "DELETED") return;
      if (collection === "pods") this.leaving.delete(object.metadata.name);
      // Without its annotation nobody can tell any more.
      if (collection === "statefulsets") this.#lastDownAt.delete(object.metadata.name);
    });
  }

  /** A pod that is prepared and stays is told so before it is replaced. */
  replaced(pod: Pod, knownAt: number): void {
    const { name } = pod.metadata;
    const { pods } = this.#scaling;
    const left = pods.left.find((each) => each.name === name);
    if (left === undefined || left.since > knownAt || (pods.told.get(name) ?? 0) >= TOLD_IN_VAIN) return;
    this.#options.violate(`${name} was deleted while it was prepared for a scale-down that had not come`);
  }

  /** To be told of each StatefulSet whose replicas we have changed. */
  scaled({ before, after, sentAt, owner }: OwnWrite): void {
    const { name } = before.metadata;
    const [from = 1, to = 1] = [before, after].map((each) => (each as StatefulSet).spec.replicas);
    const knownAt = sentAt - this.#options.lagMs;
    const claims = this.#options.facts.claim(name).from(knownAt);
    if (!claims.includes(owner)) this.#violate(`${name} was scaled under the claim ${claims.at(-1)}`);
    this.#checkWanted(name, { from, to }, knownAt);
    if (to > from) return;
    for (const pod of this.#going(name, { from, to })) {
      this.#checkPrepared(pod, knownAt);
      this.leaving.set(pod.metadata.name, this.#options.zoneOf(pod.metadata.name));
    }
    this.#checkZones(name, to, knownAt);
    this.#checkTime(name, sentAt);
    this.#lastDownAt.set(name, sentAt);
  }

  /** Nothing but the replicas in the status of a mirrored resource is ours, and it is written where it has changed. */
  wroteBack({ before, after, sentAt }: OwnWrite): void {
    const [then, now] = [before, after] as ReplicaTemplate[];
    const { facts, lagMs, setting } = this.#options;
    const told = now?.status?.replicas ?? 0;
    if (JSON.stringify(then?.spec) !== JSON.stringify(now?.spec)) this.#violate("what an autoscaler wants was changed");
    if (setting.scaling?.writeBack !== true) this.#violate("replicas were written back where nobody wants that");
    const [first = ""] = this.#scaling.mirroring;
    const all = this.#scaling.mirroring.flatMap((name) => facts.replicas(name).from(sentAt - lagMs - MIRROR_MS));
    const known = setting.faults.some(({ kind }) => kind === "StatefulSet gone for long") ? all : [];
    const may = [...facts.replicas(first).from(sentAt - lagMs - MIRROR_MS), ...known];
    if (!may.includes(told) && !all.includes(told))
      this.#violate(`${told} replicas were written back, not ${may.join()}`);
    const { since, now: value } = facts.writtenBack;
    if (value === told && then?.status?.replicas === told && since < sentAt - lagMs - 2 * MIRROR_MS)
      this.#violate(`${told} replicas were written back once more`);
  }

  /** Replicas go where somebody wants them, and no further. */
  #checkWanted(name: string, { from, to }: { from: number; to: number }, knownAt: number): void {
    const { facts } = this.#options;
    const leader = this.#scaling.leaderOf(name);
    const since = knownAt - MIRROR_MS;
    const wanted = leader === undefined ? facts.mirrored.from(since) : facts.replicas(leader).from(since);
    if (to < Math.min(from, ...wanted) || to > Math.max(from, ...wanted))
      this.#violate(`${name} was scaled from ${from} to ${to} where ${wanted.join(" or ")} were wanted`);
  }

  #checkPrepared({ metadata: { name, uid = "" }, status }: Pod, knownAt: number): void {
    const { setting } = this.#options;
    const { pods } = this.#scaling;
    const since = Date.parse(status?.conditions?.[0]?.lastTransitionTime ?? "");
    if (setting.scaling?.prepared !== true || status?.phase !== "Running" || since >= knownAt) return;
    const forgotten = (pods.forgotten.get(uid) ?? 0) > knownAt - PREPARE_MS;
    if (!pods.prepared.has(uid) && !forgotten) this.#violate(`${name} was scaled away and had not been prepared`);
  }

  /** No zone is scaled down while pods of another one go, or are known to be missing. */
  #checkZones(name: string, to: number, knownAt: number): void {
    const { facts, zoneOf, isStranger } = this.#options;
    const zones = new Set(this.leaving.values());
    if (zones.size > 1) this.#violate(`zones ${[...zones].join(" and ")} are scaled down at once`);
    // Where no pod goes that is there it is that of the first one that would.
    const [zone = zoneOf(`${name}-${to}`)] = zones;
    for (const [other, since] of facts.unavailable) {
      if (since < knownAt && zoneOf(other) !== zone && !isStranger(other))
        this.#violate(`${name} was scaled down while ${other} was not available`);
    }
  }

  /** The minimum time after the scale-down of any other StatefulSet, where one follows another or pods are prepared. */
  #checkTime(name: string, sentAt: number): void {
    const { minTimeSeconds = 0, prepared } = this.#options.setting.scaling ?? {};
    if (this.#scaling.leaderOf(name) === undefined && prepared !== true) return;
    for (const [other, at] of this.#lastDownAt) {
      const passed = sentAt - at;
      if (other !== name && passed < minTimeSeconds * 1_000 - PREPARE_MS)
        this.#violate(`${name} was scaled down ${passed} ms after ${other}`);
    }
  }

  #going(name: string, { from, to }: { from: number; to: number }): Pod[] {
    return this.#model.all<Pod>("pods").filter((pod) => {
      const ordinal = Number(pod.metadata.name.split("-").at(-1));
      return ownerName(pod) === name && ordinal >= to && ordinal < from && pod.metadata.deletionTimestamp === undefined;
    });
  }

  #violate(what: string): void {
    this.#options.violate(what);
  }
}
