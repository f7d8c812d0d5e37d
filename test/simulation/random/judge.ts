import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { ClusterModel } from "../model.ts";
import { isReady, ownerName } from "../objects.ts";
import type { Setting } from "./draw.ts";
import { Facts } from "./facts.ts";
import { ScaleJudge } from "./judge-scaling.ts";
import { strategyHolds, strategyTrouble } from "./judge-strategies.ts";
import { Repeats } from "./repeats.ts";
import type { Scaling } from "./scaling.ts";
import type { OwnWrite } from "./surroundings.ts";
import { ZoneLog } from "./zone-log.ts";

/** What people and gates want at the moment, and since when (epoch milliseconds); undefined = nothing. */
export interface Wishes {
  gateClosedSince: () => number | undefined;
  shiftedSince: () => number | undefined;
  /** The owner whose rollout a person has stopped in the hub, and since when. */
  stopped: { type: "pause" | "abort"; owner: string; since: number } | undefined;
  /** Members are not what they were at the start of the rollouts under way, which are those of these owners. */
  membersChanged: { since: number; owners: readonly string[] } | undefined;
  /** Timers before this are not known to anybody any more. */
  stateLostAt: number;
  /** When a person let another zone start, last; undefined where nobody is asked. */
  approvedAt: number | undefined;
  /** Who orders a rollback has seen the pause, epoch milliseconds. */
  rollbackOrderedAt: number;
  /** Whether a rollback is under way: it asks nobody. */
  rollsBack: () => boolean;
  /** StatefulSets that do not belong to the group now, or did not a moment ago. */
  strangers: ReadonlySet<string>;
}

export interface JudgeOptions {
  setting: Setting;
  zoneOf: (pod: string) => string;
  /** How old what a worker knows may be, milliseconds. */
  lagMs: number;
  wishes: Wishes;
  /** What scales the group, where something does. */
  scaling: Scaling | undefined;
  log: (line: string) => void;
}

/** Gates may be asked this long before a batch, milliseconds. */
const GATE_MS = 10_000;
/** Another controller is found within so long during a zone, and when a zone starts, milliseconds. */
const OPERATOR_MS = { during: 60_000, start: 10_000 };
/** Longer than any pass, milliseconds. */
const PASS_MS = 150_000;
/** What a batch may take from its plan to its last delete, milliseconds. */
const BATCH_MS = 1_500;

/** Looks at every write of ours when it is carried out, and says what it breaks. It stops a simulation at the first. */
export class Judge {
  readonly violations: string[] = [];
  readonly facts: Facts;
  readonly #model: ClusterModel;
  readonly #options: JudgeOptions;
  /** Pods that are not available because of us, and when they were deleted. */
  readonly #ours = new Map<string, number>();
  readonly #repeats: Repeats;
  /** Whoever works on the group has a record of its own. */
  readonly #zones = new Map<string, ZoneLog>();
  readonly #scales: ScaleJudge | undefined;
  /** Last delete of the last batch, by owner: each resource has an interval of its own. */
  readonly #lastBatchAt = new Map<string, number>();
  deletes = 0;

  constructor(model: ClusterModel, options: JudgeOptions) {
    this.#model = model;
    this.#options = options;
    const { setting, scaling } = options;
    this.#repeats = new Repeats(setting);
    this.facts = new Facts(model, setting.spec.minReadySeconds, () => this.#note());
    const own = { isStranger: this.#isStranger.bind(this), violate: this.#violate.bind(this) };
    this.#scales = scaling && new ScaleJudge(model, scaling, { ...options, facts: this.facts, ...own });
    model.subscribe(() => this.#note());
  }

  #note(): void {
    for (const [pod, deletedAt] of this.#ours) {
      // One that was Ready meanwhile and is not any more has that from somebody else.
      if (this.facts.unavailable.get(pod) !== deletedAt) this.#ours.delete(pod);
    }
    for (const zones of this.#zones.values()) zones.note();
  }

  /** The state is lost, and with it all timers; whether anybody is at work who still knows it. */
  startAnew(atWork: boolean): void {
    for (const zones of this.#zones.values()) zones.lose(atWork);
  }

  /** The group is another one. */
  changeGroup(): void {
    for (const zones of this.#zones.values()) zones.forgive();
  }

  /** To be told of each delete that was saved as intended: it begins its zone, whatever becomes of it. */
  intended(name: string, owner: string): void {
    const pod = this.#model.find<Pod>("pods", name);
    const now = this.#model.clock.now();
    if (pod !== undefined) this.#checkNextZone(pod, owner, now);
  }

  wrote(write: OwnWrite): void {
    const { verb, type, before, leaseLost, sentAt } = write;
    const knownAt = sentAt - this.#options.lagMs;
    if (type.kind === "MultiAZRollout") return;
    if (leaseLost) this.#violate(`${verb} ${before.metadata.name} by a worker that had lost its lease`);
    if (verb === "delete") this.#deleting(before as Pod, write);
    else if (type.kind === "ReplicaTemplate") this.#scales?.wroteBack(write);
    const trouble = type.kind === "StatefulSet" ? strategyTrouble(this.facts, write, knownAt) : undefined;
    if (trouble !== undefined) this.#violate(trouble);
    else if (type.kind === "StatefulSet" && replicasOf(before) !== replicasOf(write.after)) this.#scaling(write);
  }

  #deleting(pod: Pod, { uid, sentAt, owner, process }: OwnWrite): void {
    const resource = owner.split("/").at(-1) ?? "";
    const { name } = pod.metadata;
    const knownAt = sentAt - this.#options.lagMs;
    this.deletes++;
    this.#note();
    this.#checkRevision(pod, uid, knownAt);
    for (const problem of this.#repeats.note(pod, process, knownAt)) this.#violate(problem);
    for (const problem of strategyHolds(this.facts, name, knownAt, this.#options.wishes.strangers))
      this.#violate(problem);
    this.#checkClaim(pod, owner, knownAt);
    if (isReady(pod)) {
      this.#ours.set(name, this.#model.clock.now());
      this.#checkZones(name, knownAt);
      this.#checkBudget(pod, resource, knownAt);
    }
    this.#checkWishes({ what: `${name} was deleted`, ready: isReady(pod), set: ownerName(pod) }, owner, sentAt);
    this.#scales?.replaced(pod, knownAt);
    this.#checkMembers(pod, owner, knownAt);
    this.#checkTimes(pod, owner, sentAt);
    this.#checkOperator(`${name} was deleted`, knownAt - OPERATOR_MS.during);
  }

  /** Nothing is done to the group while another controller is at work for longer than anybody goes without looking. */
  #checkOperator(what: string, foundAt: number): void {
    const { now, since } = this.facts.operator;
    if (now === true && since < foundAt - BATCH_MS) this.#violate(`${what} while another controller was at work`);
  }

  /** What holds back deletes holds back scale-downs as well. */
  #scaling(write: OwnWrite): void {
    const { before, after, sentAt, owner } = write;
    const { name } = before.metadata;
    const knownAt = sentAt - this.#options.lagMs;
    this.#note();
    this.#scales?.scaled(write);
    if ((replicasOf(after) ?? 1) > (replicasOf(before) ?? 1)) return;
    this.#checkOneZone();
    this.#checkWishes({ what: `${name} was scaled down`, ready: true }, owner, sentAt);
    const { stopped } = this.#options.wishes;
    if (stopped?.type === "pause" && stopped.owner === owner && stopped.since < knownAt)
      this.#violate(`${name} was scaled down although a person had paused it`);
    this.#checkOperator(`${name} was scaled down`, knownAt - OPERATOR_MS.during);
  }

  /** A pod of the wanted revision is never deleted. Nobody can know at once that people want the former one back. */
  #checkRevision(pod: Pod, uid: string | undefined, knownAt: number): void {
    const { name, uid: found, labels, creationTimestamp = "" } = pod.metadata;
    const wanted = this.facts.wanted(ownerName(pod));
    if (labels?.["controller-revision-hash"] !== wanted.now) return;
    const another = uid !== found;
    const born = Date.parse(creationTimestamp) >= wanted.since;
    if (another || born || wanted.since < knownAt) this.#violate(`${name} of the wanted revision was deleted`);
  }

  #checkClaim(pod: Pod, owner: string, knownAt: number): void {
    const claims = this.facts.claim(ownerName(pod)).from(knownAt);
    if (!claims.includes(owner)) this.#violate(`${pod.metadata.name} was deleted under the claim ${claims.at(-1)}`);
  }

  /** Pods of two zones are never unavailable because of us, and none is deleted while another zone is known to be unready. */
  #checkZones(pod: string, knownAt: number): void {
    const { zoneOf } = this.#options;
    this.#checkOneZone();
    for (const [other, since] of this.facts.unavailable) {
      if (since < knownAt && zoneOf(other) !== zoneOf(pod) && !this.#isStranger(other))
        this.#violate(`${pod} was deleted while ${other} was not available`);
    }
  }

  /** Pods that are deleted, and those that are scaled away, are of one zone. */
  #checkOneZone(): void {
    const ours = [...this.#ours.keys()].filter((pod) => !this.#isStranger(pod)).map(this.#options.zoneOf);
    const zones = new Set([...ours, ...(this.#scales?.leaving.values() ?? [])]);
    if (zones.size > 1) this.#violate(`zones ${[...zones].join(" and ")} are disrupted at once`);
  }

  #isStranger(pod: string): boolean {
    return this.#options.wishes.strangers.has(pod.replace(/-\d+$/, ""));
  }

  /** Never more than maxUnavailable pods because of us, nor beyond it together with those known to be missing. */
  #checkBudget(pod: Pod, resource: string, knownAt: number): void {
    const { zoneOf, setting } = this.#options;
    const name = ownerName(pod);
    const part = (other: string): boolean =>
      setting.spread ? zoneOf(other) === zoneOf(pod.metadata.name) : other.startsWith(`${name}-`);
    const share = setting.spread ? setting.zones : 1;
    const replicas = Math.max(...this.facts.replicas(name).from(knownAt));
    const allowed = Math.max(
      ...this.facts
        .maxUnavailable(resource)
        .from(knownAt)
        .map((value) => podCount(value, Math.ceil(replicas / share))),
    );
    const ours = [...this.#ours.keys()].filter(part).length;
    if (ours > allowed) this.#violate(`${ours} pods of ${name} are unavailable because of us`);
    const known = [...this.facts.unavailable].filter(([other, since]) => part(other) && since < knownAt);
    const missing = known.filter(([other]) => !this.#ours.has(other)).map(([other]) => other);
    const all = ours + missing.length;
    if (all > allowed) this.#violate(`${all} pods of ${name} are unavailable, ${missing.join(", ")} for long`);
  }

  /** Nothing is deleted that people, alarms or zonal shifts hold back. */
  #checkWishes(
    { what, ready, set }: { what: string; ready: boolean; set?: string },
    owner: string,
    sentAt: number,
  ): void {
    const { wishes, lagMs } = this.#options;
    const knownAt = sentAt - lagMs;
    const paused = this.facts.paused(owner.split("/").at(-1) ?? "");
    const overruled = wishes.rollbackOrderedAt > paused.since;
    if (paused.now === true && paused.since < knownAt && !overruled)
      this.#violate(`${what} while the resource was paused`);
    const pausedSet = set === undefined ? undefined : this.facts.pausedSets.get(set);
    if (pausedSet?.now === true && pausedSet.since < knownAt) this.#violate(`${what} while ${set} was paused`);
    const closed = (since: number | undefined): boolean => since !== undefined && since < sentAt - GATE_MS - BATCH_MS;
    const asked = wishes.gateClosedSince();
    // A rollback that was ordered goes on in spite of gates.
    if (closed(asked) && ready && wishes.rollbackOrderedAt === Number.NEGATIVE_INFINITY)
      this.#violate(`${what} while its gate was closed`);
    if (closed(wishes.shiftedSince())) this.#violate(`${what} during a zonal shift`);
  }

  #checkMembers(pod: Pod, owner: string, knownAt: number): void {
    const { membersChanged: changed, stateLostAt, stopped } = this.#options.wishes;
    const same = stopped !== undefined && this.facts.allWanted().since < stopped.since && stateLostAt < stopped.since;
    if (same && stopped.owner === owner && stopped.since < knownAt)
      this.#violate(`${pod.metadata.name} was deleted although a person had stopped it`);
    if (changed === undefined || !isReady(pod) || !changed.owners.includes(owner)) return;
    if (changed.since < knownAt && stateLostAt < changed.since)
      this.#violate(`${pod.metadata.name} was deleted while the members were not those of the start`);
  }

  /** intervalSeconds between the last delete of a batch and the next batch of the same resource. */
  #checkTimes(pod: Pod, owner: string, sentAt: number): void {
    const { name } = pod.metadata;
    const { setting, wishes } = this.#options;
    const lastBatchAt = this.#lastBatchAt.get(owner) ?? Number.NEGATIVE_INFINITY;
    const sinceBatch = sentAt - lastBatchAt;
    const intervalMs = setting.spec.intervalSeconds * 1_000;
    if (sinceBatch > BATCH_MS && sinceBatch < intervalMs && wishes.stateLostAt < lastBatchAt)
      this.#violate(`${name} was deleted ${sinceBatch} ms after the batch before`);
    this.#lastBatchAt.set(owner, sentAt);
  }

  /** zoneSoakSeconds and approvals between two zones. */
  #checkNextZone(pod: Pod, owner: string, now: number): void {
    const { setting, wishes, zoneOf, lagMs } = this.#options;
    const zones = this.#zones.get(owner) ?? new ZoneLog(this.#model, this.facts, zoneOf);
    this.#zones.set(owner, zones);
    const zone = zoneOf(pod.metadata.name);
    const wanted = this.facts.allWanted();
    if (!zones.settle(JSON.stringify(wanted.revisions))) zones.clear();
    const finishedAt = zones.lastFinishedAt;
    const known = wanted.since <= now - lagMs && isReady(pod) && !this.#isStranger(pod.metadata.name);
    if (known && finishedAt !== undefined && !zones.hasBegun(zone)) {
      const soaked = now - finishedAt;
      if (soaked < setting.spec.zoneSoakSeconds * 1_000 - BATCH_MS)
        this.#violate(`${pod.metadata.name} was to be deleted ${soaked} ms after another zone was complete`);
      if (wishes.approvedAt !== undefined && wishes.approvedAt < finishedAt && !wishes.rollsBack())
        this.#violate(`${pod.metadata.name} was to be deleted in a zone nobody had approved`);
      const soughtAt = Math.max(finishedAt, now - OPERATOR_MS.start);
      // Who was at work when the state was lost knows still which zones were begun.
      if (now - wishes.stateLostAt > PASS_MS)
        this.#checkOperator(`${pod.metadata.name} was to be deleted in a zone that starts`, soughtAt - lagMs);
    }
    zones.begin(zone);
  }

  #violate(what: string): void {
    this.violations.push(what);
    this.#options.log(`VIOLATION ${what}`);
  }
}

const replicasOf = (object: unknown): number | undefined => (object as StatefulSet | undefined)?.spec?.replicas;

function podCount(value: number | string, replicas: number): number {
  if (typeof value === "number") return value;
  return Math.max(1, Math.floor((Number(value.slice(0, -1)) * replicas) / 100));
}
