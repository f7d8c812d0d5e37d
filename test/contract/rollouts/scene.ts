import { expect } from "vitest";
import type { Pod } from "../../../lib/kubernetes/objects.ts";
import type { GatePorts } from "../../../lib/rollouts/ask-gates.ts";
import { GATE_SECONDS } from "../../../lib/rollouts/gates.ts";
import { POD_ANNOTATIONS } from "../../../local/control-plane/pod-behaviours.ts";
import type { Hub, HubOptions } from "./hub.ts";
import { Play, until } from "./play.ts";
import { podOf, SELECTOR, type Situation, setOf, situationSet, ZONES } from "./situation.ts";
import type { Stage } from "./stage.ts";
import type { Witness } from "./witness.ts";

/** Name of the resource. */
export const RESOURCE = "app";

/** A situation as it is played: the group, its surroundings, and who looks on. */
export class Scene {
  readonly play: Play;
  readonly witness: Witness;
  /** What the hub's ports answer. */
  readonly world: {
    alarm: Awaited<ReturnType<NonNullable<GatePorts["alarmState"]>>>;
    shiftedFrom: string[];
  } = { alarm: "OK", shiftedFrom: [] };
  readonly hubs: Hub[] = [];
  #version = 0;

  private constructor(play: Play, witness: Witness) {
    this.play = play;
    this.witness = witness;
  }

  /** Sets the group up and waits until each pod is as the situation has it. */
  static async open(stage: Stage, namespace: string, { spec, begins = {}, others = [] }: Situation): Promise<Scene> {
    const play = new Play(stage, namespace);
    await play.install(ZONES.map((zone) => situationSet(namespace, zone, { behaviour: begins[zone] })));
    const broken = Object.keys(begins).length;
    if (broken === 0) await play.untilReady();
    else await until(async () => expect((await play.pods()).filter(waits)).toHaveLength(broken * 2));
    await play.createResource(RESOURCE, {
      statefulSetSelector: SELECTOR,
      rollingUpdate: { maxUnavailable: 1, intervalSeconds: 0 },
      ...spec,
    });
    const zoneOf = ({ metadata }: Pod): string => metadata.name.replace(/^app-zone-|-\d+$/g, "");
    const witness = await play.witness({ zoneOf, maxUnavailable: 1, others: others.map(podOf) });
    return new Scene(play, witness);
  }

  /** A new template for each zone. @param behaviour of its pods; absent = they get Ready. */
  async changeTemplates(behaviour: string | null = null, version = String(++this.#version)): Promise<void> {
    const annotations = { version, [POD_ANNOTATIONS.behaviour]: behaviour };
    for (const { metadata } of await this.play.sets()) {
      await this.play.patchSet(metadata.name, { spec: { template: { metadata: { annotations } } } });
    }
    await this.play.untilObserved();
  }

  /** A hub begins to work on a resource. */
  start(options: Partial<HubOptions> = {}, resource = RESOURCE): Hub {
    const ports: GatePorts = {
      alarmState: async () => this.world.alarm,
      zonalShifts: async () => ({ result: "Known", awayFrom: this.world.shiftedFrom }),
    };
    const hub = this.play.hub(resource, { ports, allow: { alarms: ["errors"] }, ...options });
    this.hubs.push(hub);
    return hub;
  }

  /** A rollout is under way: the first pod is replaced. */
  async midWay(options: Partial<HubOptions> = {}): Promise<Hub> {
    await this.changeTemplates();
    const hub = this.start(options);
    await until(() => expect(hub.deleted()).toHaveLength(1));
    return hub;
  }

  /** From here on batches follow each other as soon as the budget allows. */
  async hurry(metadata: object = {}): Promise<void> {
    await this.play.patchResource(RESOURCE, { metadata, spec: { rollingUpdate: { intervalSeconds: 0 } } });
  }

  /** The next batch is due, after the answers of the gates are too old to be used again. */
  async nextBatch(): Promise<void> {
    await this.play.stage.time.sleep(GATE_SECONDS * 1_000 + 1_000);
    await this.hurry();
  }

  /** Lets the rollout go on with the members as they are now. */
  async approve(): Promise<void> {
    const status = await this.play.untilStatus(RESOURCE, ({ approval }) => expect(approval).toBeDefined());
    await this.hurry({ annotations: { "outrigger.dev/approve": status.approval?.token } });
  }

  annotate(places: readonly string[], annotations: Record<string, string | null>): Promise<void> {
    return this.play.annotatePods(places.map(podOf), annotations);
  }

  /** Pods that hubs deleted, as `a-0`, zone by zone in the order in which zones came; some may have come in either. */
  deleted(eitherFirst: readonly string[] = []): string[] {
    const places = this.hubs.flatMap((hub) => hub.deleted()).map((pod) => pod.replace(/^app-zone-/, ""));
    const zones = [...Map.groupBy(places, (place) => place.charAt(0))];
    const first = zones.slice(0, eitherFirst.length).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [...first, ...zones.slice(eitherFirst.length)].flatMap(([, there]) => there.toSorted());
  }

  /** How many pods of a zone went, by name, whoever took them. */
  gone(zone: string): number {
    const pods = this.witness.gone().filter((pod) => pod.zone === zone);
    return new Set(pods.map(({ name }) => name)).size;
  }

  setName(zone: string): string {
    return setOf(zone);
  }
}

const waits = ({ status }: Pod): boolean =>
  status?.containerStatuses?.some(({ state }) => state?.waiting?.reason?.endsWith("BackOff") === true) === true;
