import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { ordinalOf } from "../../lib/rollouts/pods.ts";
import { VirtualClock } from "./clock.ts";
import { type HubOptions, SimulatedHub } from "./hub.ts";
import { Invariants } from "./invariants.ts";
import { type Behaviour, ClusterModel, type ModelOptions } from "./model.ts";

export interface ScenarioOptions extends Omit<ModelOptions, "clock"> {
  zones?: string[];
  replicas?: number;
  spec?: Record<string, unknown>;
  maxUnavailable?: number;
  intervalSeconds?: number;
  hub?: Omit<HubOptions, "name" | "log">;
  /** Watch lag the invariants must allow for, milliseconds. */
  lagMs?: number;
}

export const SELECTOR = { matchLabels: { group: "ingester" } };

/** A group of StatefulSets, one per zone, a resource that selects them, a hub that works on it, and the invariants. */
export class Scenario {
  readonly clock = new VirtualClock();
  readonly model: ClusterModel;
  readonly hub: SimulatedHub;
  readonly invariants: Invariants;
  readonly sets: string[];
  readonly spec: Record<string, unknown>;
  readonly #lines: string[] = [];
  readonly #startedAt = this.clock.now();

  constructor(options: ScenarioOptions = {}) {
    const { zones = ["zone-a", "zone-b", "zone-c"], replicas = 3, maxUnavailable = 1, intervalSeconds = 0 } = options;
    this.model = new ClusterModel({ clock: this.clock, ...options });
    this.sets = zones.map((zone) => `ingester-${zone}`);
    for (const zone of zones) {
      const labels = { group: "ingester", ...(options.spread === undefined ? { zone } : {}) };
      this.model.addStatefulSet(`ingester-${zone}`, replicas, labels);
    }
    this.spec = { statefulSetSelector: SELECTOR, rollingUpdate: { maxUnavailable, intervalSeconds }, ...options.spec };
    this.model.addResource("ingesters", this.spec);
    const zoneOf = (name: string): string => name.replace("ingester-", "");
    const { spread } = options;
    const zoneOfPod = spread && ((pod: string): string => spread[ordinalOf(pod) % spread.length] ?? "");
    this.invariants = new Invariants(this.model, { maxUnavailable, lagMs: options.lagMs ?? 100, zoneOf, zoneOfPod });
    this.hub = this.addHub({ ...options.hub, name: "ingesters" });
    this.model.subscribe(({ collection, object, type }) => {
      if (collection === "pods" && type === "ADDED") this.log(`created ${object.metadata.name}`);
    });
  }

  /** Another hub (or another resource) at work on the same cluster. */
  addHub(options: HubOptions): SimulatedHub {
    return new SimulatedHub(this.model, {
      ...options,
      client: { latencyMs: () => 1 + this.model.random() * 3, ...options.client },
      deleting: (pod) => {
        this.invariants.deleting(pod);
        options.deleting?.(pod);
      },
      scaling: (statefulSet, replicas) => {
        this.invariants.scaling(statefulSet, replicas);
        options.scaling?.(statefulSet, replicas);
      },
      log: (line) => this.log(line),
    });
  }

  changeTemplates(revision: string, behaviour: Behaviour = "ready"): void {
    this.log(`template ${revision}`);
    for (const name of this.sets) this.model.changeTemplate(name, revision, behaviour);
  }

  log(line: string): void {
    const seconds = ((this.clock.now() - this.#startedAt) / 1000).toFixed(1).padStart(7);
    this.#lines.push(`${seconds} ${line}`);
  }

  /** What happened, line by line. */
  get transcript(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  /** Runs until every pod is of `revision` and the hub says so. */
  async runUntilCompleted(revision: string, limitSeconds = 3_600): Promise<boolean> {
    const done = await this.clock.run(
      () => this.isRolledOut(revision) && this.hub.last?.status.phase === "Completed",
      limitSeconds * 1000,
    );
    return done;
  }

  isRolledOut(revision: string): boolean {
    return this.sets.every((name) => {
      const { spec, status } = this.model.find<StatefulSet>("statefulsets", name) ?? {};
      return (
        status?.updateRevision === revision &&
        status.currentRevision === revision &&
        status.updatedReplicas === spec?.replicas &&
        status?.readyReplicas === spec?.replicas
      );
    });
  }
}
