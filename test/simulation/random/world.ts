import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { ordinalOf } from "../../../lib/rollouts/pods.ts";
import { followLeader } from "../calamities.ts";
import type { ClientOptions } from "../client.ts";
import { VirtualClock } from "../clock.ts";
import { type Behaviour, ClusterModel } from "../model.ts";
import { disturbanceOf } from "./api-faults.ts";
import { between, type Random } from "./chance.ts";
import type { Fault, Setting } from "./draw.ts";
import { GATE_KINDS, gatePorts, isUntold } from "./gate-ports.ts";
import { Judge, type Wishes } from "./judge.ts";
import type { Kind, Tally } from "./kinds.ts";
import { SimulatedLane } from "./lane.ts";
import { RESOURCE, ZONES } from "./names.ts";
import { operatorBefore } from "./operator.ts";
import { loseTemper } from "./person.ts";
import type { Process } from "./process.ts";
import { Scaling } from "./scaling.ts";
import { adoptStrategies, isAdopted } from "./strategies.ts";
import type { Bend } from "./surroundings.ts";
import { clientOptions } from "./watch-faults.ts";

/** A group of StatefulSets, the hubs that work on it, what befalls them, and the judge. */
export class World {
  readonly setting: Setting;
  readonly clock = new VirtualClock();
  readonly model: ClusterModel;
  readonly random: Random;
  readonly tally: Tally = {};
  readonly lines: string[] = [];
  readonly lanes: SimulatedLane[] = [];
  readonly sets: string[];
  readonly judge: Judge;
  readonly scaling: Scaling | undefined;
  readonly problems: string[] = [];
  /** Every reason a pass left in its first condition. */
  readonly reasons = new Set<string>();
  /** Points at which the next worker dies, or stands still for so long. */
  readonly armed: { kind: Kind; point: string; left: number; freezeMs?: number }[] = [];
  readonly wishes = {
    membersChanged: undefined as Wishes["membersChanged"],
    stopped: undefined as Wishes["stopped"],
    rollbackOrderedAt: Number.NEGATIVE_INFINITY,
    stateLostAt: Number.NEGATIVE_INFINITY,
    approvedAt: undefined as number | undefined,
    strangers: new Set<string>(),
    rollsBack: (): boolean => this.lanes.some((lane) => lane.rollsBack),
    gateClosedSince: (): number | undefined =>
      this.#activeSince(isUntold(this) ? [...GATE_KINDS, "zonal shift"] : GATE_KINDS),
    shiftedSince: (): number | undefined => (isUntold(this) ? undefined : this.#activeSince(["zonal shift"])),
  };
  /** Where the resources live. */
  readonly home: "cluster" | "hub";
  spec: Record<string, unknown>;
  /** Revision that people want, as far as they know. */
  wanted = "old";
  events = 0;
  readonly startedAt = this.clock.now();
  readonly #bend: Bend | undefined;

  constructor(setting: Setting, bend?: Bend) {
    this.setting = setting;
    this.#bend = bend;
    this.home = this.has("resource kept in the hub") ? "hub" : "cluster";
    const { seed, spread, zones, replicas, spec } = setting;
    const { graceMs } = setting;
    this.model = new ClusterModel({
      clock: this.clock,
      seed,
      graceMs,
      ...(spread ? { spread: ZONES, volumes: seed % 2 === 0 } : {}),
    });
    this.random = this.model.random;
    const names = spread ? ["brokers"] : ZONES.slice(0, zones);
    this.sets = names.map((zone) => `ingester-${zone}`);
    for (const zone of names) {
      const labels = { group: "ingester", ...(spread ? {} : { zone }) };
      this.model.addStatefulSet(`ingester-${zone}`, replicas, labels);
    }
    const { maxUnavailable, intervalSeconds, strategy, ...rest } = spec;
    this.spec = {
      ...rest,
      statefulSetSelector: { matchLabels: { group: "ingester" } },
      rollingUpdate: { maxUnavailable, intervalSeconds },
      strategy: { type: strategy },
      progressDeadlineSeconds: 60,
      ...(this.has("strategy adopted") ? { adoptStrategy: "OnDelete" } : {}),
      pauseAfterZone: this.has("approval needed"),
      ...(GATE_KINDS.some((kind) => this.has(kind)) ? { gates: [{ alarm: { name: "errors" } }] } : {}),
    };
    this.model.addResource(RESOURCE, this.spec);
    const lagMs = 1_500 + 40 * setting.latencyMs + watchLagMs(setting);
    const log = (line: string): void => this.log(line);
    this.scaling = setting.scaling === undefined ? undefined : new Scaling(this);
    const { wishes, scaling } = this;
    this.judge = new Judge(this.model, { setting, zoneOf: (pod) => this.zoneOf(pod), lagMs, wishes, scaling, log });
    this.model.befell = (what) => this.fire(what === "refused" ? "quota refuses a pod" : "pods flap");
    this.model.subscribe(({ collection, object, type }) => {
      this.events++;
      if (collection === "pods" && type === "ADDED") this.log(`created ${object.metadata.name}`);
    });
    if (this.has("zones follow a leader")) followLeader(this.model, this.sets);
    if (this.has("approval needed")) this.wishes.approvedAt = Number.NEGATIVE_INFINITY;
    operatorBefore(this);
    adoptStrategies(this);
    this.addLane("hub-1");
  }

  /** The fault of this kind, where the setting has one. */
  fault(kind: Kind): Fault | undefined {
    return this.setting.faults.find((fault) => fault.kind === kind);
  }

  has(kind: Kind): boolean {
    return this.fault(kind) !== undefined;
  }

  /** Whether a fault of this kind goes on now. */
  active(kind: Kind): boolean {
    return this.#activeSince([kind]) !== undefined;
  }

  /** Counts what happened, without telling it. */
  count(kind: Kind): void {
    this.tally[kind] = (this.tally[kind] ?? 0) + 1;
  }

  fire(kind: Kind, what = ""): void {
    this.count(kind);
    this.log(`* ${kind}${what === "" ? "" : `: ${what}`}`);
  }

  log(line: string): void {
    this.lines.push(`${((this.clock.now() - this.startedAt) / 1_000).toFixed(1).padStart(7)} ${line}`);
  }

  zoneOf(pod: string): string {
    const { spread } = this.setting;
    if (spread) return ZONES[ordinalOf(pod) % ZONES.length] ?? "";
    return pod.replace(/^ingester-/, "").replace(/-\d+$/, "");
  }

  /** People write another spec. */
  change(changes: Record<string, unknown>): void {
    this.spec = { ...this.spec, ...changes };
    this.model.changeResource(RESOURCE, this.spec);
  }

  /** Templates change one after the other, as whatever applies them goes through them. */
  changeTemplates(revision: string, behaviour: Behaviour = "ready", gapMs = 0): void {
    this.wanted = revision;
    this.log(`template ${revision}`);
    for (const [index, name] of this.sets.entries()) {
      this.clock.after(index * gapMs, () => {
        if (this.wanted === revision) this.model.changeTemplate(name, revision, behaviour);
      });
    }
  }

  addLane(hubId: string): SimulatedLane {
    const { random } = this;
    const skewed = this.fault("clock skewed");
    const short = this.fault("hand-over with little time");
    const lane: SimulatedLane = new SimulatedLane(hubId, {
      model: this.model,
      random,
      ports: gatePorts(this),
      home: this.home,
      skewMs: skewed === undefined ? 0 : Math.round((skewed.much - 0.5) * 1_200_000),
      timeoutMs: () => (short === undefined ? 120_000 : between(random, 18_000, 26_000)),
      client: (process) => this.#client(process),
      table: (call) => {
        const fails = (kind: Kind): boolean => this.active(kind) && random() < 0.08;
        if (fails("write to the table refused")) return this.#fired("write to the table refused", "refused", call);
        if (!fails("reply of the table lost")) return undefined;
        return this.#fired("reply of the table lost", random() < 0.6 ? "retried" : "unheard", call);
      },
      post: (kinds) => {
        const kind = kinds.find((each) => this.active(each) && random() < 0.4);
        if (kind !== undefined) this.fire(kind);
        return kind;
      },
      overtaken: () => this.fire("messages out of order"),
      reached: (point, process) => this.#reached(point, process),
      wrote: (write) => {
        if (write.verb === "delete") this.log(`${hubId} deletes ${write.before.metadata.name}`);
        if (isAdopted(write)) this.fire("strategy adopted", write.before.metadata.name);
        const [from, to] = [replicasOf(write.before), replicasOf(write.after)];
        if (from !== to)
          this.fire(
            this.scaling ? "replicas mirrored" : "zones follow a leader",
            `${write.before.metadata.name} from ${from} to ${to}`,
          );
        this.judge.wrote(write);
      },
      intended: (pod, owner) => this.judge.intended(pod, owner),
      ended: (process, tookMs) => {
        if (short !== undefined && tookMs > 4_000) this.fire("hand-over with little time");
        if (process.taken === undefined) return;
        if (process.skewMs !== 0) this.fire("clock skewed", `${process.skewMs} ms`);
        const { phase, reason } = lane.statusOf(process.taken.name);
        this.log(`${hubId} ${process.taken.name} ${phase} ${reason}`);
        this.reasons.add(reason);
        if (this.home === "hub") this.count("resource kept in the hub");
      },
      failed: (error) => void this.problems.push(`a worker failed: ${String(error)}`),
      bend: this.#bend,
    });
    this.lanes.push(lane);
    return lane;
  }

  #fired<T>(kind: Kind, what: T, where: string): T {
    this.fire(kind, `${where} ${String(what)}`);
    return what;
  }

  #client(process: Process): Omit<ClientOptions, "wrote"> {
    const active = (kind: Kind): boolean => this.active(kind);
    const fire = (kind: Kind): void => {
      this.fire(kind);
      if (kind === "delete carried out late") loseTemper(this);
    };
    return {
      ...clientOptions(this, process),
      ...(this.scaling === undefined
        ? {}
        : {
            answer: this.scaling.answer.bind(this.scaling),
            calling: this.scaling.pods.calling.bind(this.scaling.pods),
          }),
      latencyMs: () => 1 + this.random() * this.setting.latencyMs,
      disturb: disturbanceOf(active, fire, this.random),
    };
  }

  #reached(point: string, process: Process): void {
    const arm = this.armed.find((each) => each.point === point);
    if (arm === undefined || --arm.left > 0) return;
    this.armed.splice(this.armed.indexOf(arm), 1);
    this.fire(arm.kind, point);
    if (arm.freezeMs === undefined) process.kill();
    else process.freeze(arm.freezeMs);
  }

  #activeSince(kinds: readonly Kind[]): number | undefined {
    const now = this.clock.now() - this.startedAt;
    const times = this.setting.faults
      .filter(({ kind, at, forMs }) => kinds.includes(kind) && now >= at && now < at + forMs)
      .map(({ at }) => at + this.startedAt);
    return times.length === 0 ? undefined : Math.max(...times);
  }

  /** Whether every pod is of the revision its StatefulSet wants, and Ready, and there are as many as are wanted. */
  isRolledOut(): boolean {
    return (
      this.scaling?.isDone() !== false &&
      this.sets.every((name) => {
        const { metadata, spec, status } = this.model.find<StatefulSet>("statefulsets", name) ?? {};
        const replicas = spec?.replicas ?? 0;
        return (
          status?.observedGeneration === metadata?.generation &&
          status?.currentRevision === status?.updateRevision &&
          status?.replicas === replicas &&
          status?.updatedReplicas === replicas &&
          status?.readyReplicas === replicas
        );
      })
    );
  }
}

const replicasOf = (object: unknown): number | undefined => (object as StatefulSet | undefined)?.spec?.replicas;

function watchLagMs({ faults }: Setting): number {
  const lag = faults.find(({ kind }) => kind === "watch lags");
  const silent = faults.find(({ kind }) => kind === "watch silent for long");
  return (lag === undefined ? 0 : lag.much * 1_500) + (silent?.forMs ?? 0);
}
