import type { KubernetesObject, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { losePods, mark } from "../calamities.ts";
import type { Answer } from "../client.ts";
import { whole } from "./chance.ts";
import type { Fault } from "./draw.ts";
import type { Kind } from "./kinds.ts";
import { type Manner, PreparedPods } from "./prepared-pods.ts";
import type { World } from "./world.ts";

/** What replicas are mirrored from. */
export interface ReplicaTemplate extends KubernetesObject {
  spec: { replicas: number };
  status?: { replicas: number };
}

const KEY = "grafana.com";
const TEMPLATE = "ingester";

/** Something scales the group: a ReplicaTemplate that StatefulSets mirror, alone or each one the one before. */
export class Scaling {
  readonly pods: PreparedPods;
  readonly #world: World;
  /** How many calls of each kind are still to go wrong. */
  readonly #troubles = new Map<Kind, number>();

  constructor(world: World) {
    const { model, random } = world;
    this.#world = world;
    this.pods = new PreparedPods({
      model,
      random,
      manner: (method, pod) => this.#manner(method, pod),
      log: (line) => world.log(line),
    });
    this.want(world.setting.replicas);
    for (const name of world.sets) this.#annotate(name);
  }

  /** The StatefulSets that mirror the template, in name order. */
  get mirroring(): string[] {
    return this.#world.setting.scaling?.chain === true ? this.#world.sets.slice(0, 1) : this.#world.sets;
  }

  /** The StatefulSet that a StatefulSet follows. */
  leaderOf(name: string): string | undefined {
    return this.mirroring.includes(name) ? undefined : this.#world.sets[this.#world.sets.indexOf(name) - 1];
  }

  /** What an autoscaler writes. */
  want(replicas: number): void {
    const { model } = this.#world;
    const found = model.find<ReplicaTemplate>("replicatemplates", TEMPLATE);
    model.put<ReplicaTemplate>("replicatemplates", { ...found, metadata: { name: TEMPLATE }, spec: { replicas } });
    this.#world.log(`wanted ${replicas} replicas`);
  }

  /** Whether all replicas are as they are wanted, told of, and no pod is prepared that stays. */
  isDone(): boolean {
    const { model, sets, setting } = this.#world;
    const template = model.find<ReplicaTemplate>("replicatemplates", TEMPLATE);
    const all = sets.every(
      (name) => model.find<StatefulSet>("statefulsets", name)?.spec.replicas === template?.spec.replicas,
    );
    const told = setting.scaling?.writeBack !== true || template?.status?.replicas === template?.spec.replicas;
    return all && told && this.pods.left.length === 0;
  }

  /** What paths answer that are no resource's. */
  answer(method: string, path: string): Answer {
    const pod = this.pods.answer(method, path);
    if (pod !== undefined) return pod;
    const [, name = ""] = /\/replicatemplates\/([^/]+)\/scale$/.exec(path) ?? [];
    const found = this.#world.model.find<ReplicaTemplate>("replicatemplates", name);
    if (found === undefined) return { status: 404, body: '{"kind":"Status","message":"not found"}' };
    return { status: 200, body: JSON.stringify({ kind: "Scale", spec: found.spec, status: found.status ?? {} }) };
  }

  #annotate(name: string): void {
    const { model, setting } = this.#world;
    const { minTimeSeconds = 0, leaderReady, prepared, writeBack } = setting.scaling ?? {};
    const leader = this.leaderOf(name);
    const source = `${KEY}/rollout-mirror-replicas-from-resource`;
    mark(model, name, "annotations", {
      ...(leader === undefined
        ? {
            [`${source}-name`]: TEMPLATE,
            [`${source}-kind`]: "ReplicaTemplate",
            [`${source}-api-version`]: "rollout-operator.grafana.com/v1",
            [`${source}-write-back`]: String(writeBack),
          }
        : {
            [`${KEY}/rollout-downscale-leader`]: leader,
            [`${KEY}/rollout-upscale-only-when-leader-ready`]: String(leaderReady),
          }),
      ...(prepared === true
        ? {
            [`${KEY}/prepare-downscale-http-path`]: "ingester/prepare-shutdown",
            [`${KEY}/prepare-downscale-http-port`]: "80",
          }
        : {}),
    });
    mark(model, name, "labels", {
      [`${KEY}/min-time-between-zones-downscale`]: `${minTimeSeconds}s`,
      ...(prepared === true ? { [`${KEY}/prepare-downscale`]: "true" } : {}),
    });
  }

  #manner(method: string, pod: string): Manner {
    const { random } = this.#world;
    const befalls = (kind: Kind): boolean => {
      const { which = 0, much = 0 } = this.#world.fault(kind) ?? {};
      const left = this.#troubles.get(kind) ?? (this.#world.has(kind) ? 1 + (which % 8) : 0);
      if (left === 0 || random() > 0.3 + much / 2) return false;
      this.#troubles.set(kind, left - 1);
      this.#world.fire(kind, `${method} ${pod}`);
      return true;
    };
    if (method === "POST" && befalls("pod refuses to prepare")) return "refuses";
    if (method === "DELETE" && befalls("pod refuses to go on")) return "refuses";
    if (befalls("pod hangs")) return "hangs";
    return befalls("pod answers late") ? "late" : undefined;
  }
}

/** An autoscaler wants other replicas, three times. */
export function autoscale(world: World, { forMs, much }: Fault): void {
  const { clock, random, scaling, setting } = world;
  const next = (): void => scaling?.want(Math.max(1, setting.replicas + whole(random, -2, 2)));
  scaling?.want(Math.max(1, setting.replicas - whole(random, -1, 2)));
  clock.after(forMs, next);
  clock.after(forMs + much * 40_000, next);
}

/** It wants others as soon as pods are prepared for the ones before. */
export function changeMind(world: World, { much }: Fault): void {
  const { clock, scaling, setting } = world;
  if (scaling === undefined) return;
  const { pods } = scaling;
  pods.onceTouched(() => {
    clock.after(much * 1_500, () => {
      world.fire("autoscaler changes its mind");
      scaling.want(setting.replicas + Math.round(much));
    });
  });
}

/** A template changes as soon as pods are prepared for an end that has to wait then. */
export function changePrepared(world: World, { much }: Fault): void {
  world.scaling?.pods.onceTouched(() => {
    world.clock.after(much * 1_500, () => {
      world.fire("template changed for prepared pods");
      world.changeTemplates("newest");
    });
  });
}

/** The container of a pod that was prepared is restarted. */
export function forgetPrepared(world: World, { much, forMs }: Fault): void {
  const { clock, model, scaling } = world;
  scaling?.pods.onceTouched((uid, name) => {
    clock.after(much * much * 600, () => {
      if (!scaling.pods.forget(uid)) return;
      world.fire("pod forgets that it is prepared", name);
      losePods(model, [name], 500 + forMs / 20);
    });
  });
}
