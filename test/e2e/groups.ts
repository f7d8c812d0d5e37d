import { setTimeout as sleep } from "node:timers/promises";
import type { V1StatefulSetSpec } from "@kubernetes/client-node";
import { z } from "zod";
import type { Pod, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { WorkKey } from "../../lib/work/keys.ts";
import { POD_ANNOTATIONS } from "../../local/control-plane/pod-behaviours.ts";
import { type Group, multiAZRollout, statefulSet } from "../../local/demo/scenario.ts";
import { CLUSTER, type Stage } from "./environment.ts";

const Status = z.object({
  phase: z.string(),
  updatedReplicas: z.number().default(0),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  conditions: z
    .array(z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }))
    .default([]),
});
/** What the tests read of a rollout's status. */
export type Status = z.infer<typeof Status>;

export interface GroupOptions {
  /** Name of the namespace, of the application and of its resource. */
  name: string;
  maxUnavailable?: number;
  /** From Running to Ready; default as the environment says. */
  readyAfter?: string;
  /** Resources selecting the same StatefulSets. Default: one, named as the group. */
  resources?: readonly string[];
}

const READY_TIMEOUT_MS = 120_000;
const SEEN_TIMEOUT_MS = 90_000;
const POLL_MS = 250;
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";

/** One application over three zones, three pods each, in a namespace of its own, and the resource that rolls it. */
export class RolloutGroup {
  readonly name: string;
  readonly namespace: string;
  readonly replicas = 3;
  readonly maxUnavailable: number;
  readonly resources: readonly string[];
  readonly #stage: Stage;
  readonly #definition: Group;
  readonly #readyAfter: string | undefined;

  constructor(stage: Stage, options: GroupOptions) {
    const { name, maxUnavailable = 1, readyAfter, resources = [name] } = options;
    this.#stage = stage;
    this.name = name;
    this.namespace = name;
    this.maxUnavailable = maxUnavailable;
    this.resources = resources;
    this.#readyAfter = readyAfter;
    this.#definition = {
      namespace: name,
      name,
      replicas: this.replicas,
      updateStrategy: "OnDelete",
      maxUnavailable,
      image: { before: imageOf(1), after: imageOf(2) },
      expected: { phase: "Completed" },
    };
  }

  /** Pods of all zones. */
  get size(): number {
    return this.replicas * this.#stage.zones.length;
  }

  /** The unit of work of a resource; default: the first one. */
  key(resource = this.resources[0] ?? ""): WorkKey {
    return { cluster: CLUSTER, home: "cluster", kind: "MultiAZRollout", namespace: this.namespace, name: resource };
  }

  /** Creates everything, waits until all pods are Ready and the hub has seen each resource and found nothing to do. */
  async install(): Promise<void> {
    const { admin, zones } = this.#stage;
    const body = { metadata: { name: this.namespace } };
    await admin.request("POST", "/api/v1/namespaces", body);
    for (const zone of zones) await admin.request("POST", this.#setsPath(), this.#statefulSet(zone));
    await this.untilReady();
    await Promise.all(this.resources.map((name) => this.createResource(name)));
    await Promise.all(
      this.resources.map((name) => this.untilStatus((status) => status !== undefined, SEEN_TIMEOUT_MS, name)),
    );
  }

  async createResource(name: string): Promise<void> {
    const resource = multiAZRollout(this.#definition);
    await this.#stage.admin.request("POST", this.#rolloutsPath(), {
      ...resource,
      metadata: { ...resource.metadata, name },
    });
    await this.announce(name);
  }

  async deleteResource(name = this.name): Promise<void> {
    await this.#stage.admin.request("DELETE", `${this.#rolloutsPath()}/${name}`);
  }

  async patchSpec(spec: Record<string, unknown>, name = this.name): Promise<void> {
    await this.#stage.admin.request("PATCH", `${this.#rolloutsPath()}/${name}`, { spec }, MERGE);
  }

  /** As a pipeline does after a change: the hub looks at once. */
  async announce(name = this.name): Promise<void> {
    const detail = { cluster: CLUSTER, kind: "MultiAZRollout", namespace: this.namespace, name };
    await this.#stage.hub.putEvent("Resource Changed", detail);
  }

  /** Gives every StatefulSet a template of that version; the hub finds it at its next look. */
  async changeTemplates(version = 2): Promise<void> {
    const containers = [{ name: this.name, image: imageOf(version) }];
    const patch = { spec: { template: { spec: { containers } } } };
    for (const zone of this.#stage.zones) {
      await this.#stage.admin.request("PATCH", this.setPath(this.setName(zone)), patch, STRATEGIC);
    }
  }

  /** Creates the StatefulSet of a zone anew, e.g. after it was deleted. */
  async createStatefulSet(zone: string, version: number): Promise<void> {
    await this.#stage.admin.request("POST", this.#setsPath(), this.#statefulSet(zone, version));
  }

  setName(zone: string): string {
    return this.#statefulSet(zone).metadata.name;
  }

  setPath(name: string): string {
    return `${this.#setsPath()}/${name}`;
  }

  async statefulSets(): Promise<StatefulSet[]> {
    return ((await this.#stage.admin.request("GET", this.#setsPath())) as { items: StatefulSet[] }).items;
  }

  async pods(): Promise<Pod[]> {
    const path = `/api/v1/namespaces/${this.namespace}/pods`;
    return ((await this.#stage.admin.request("GET", path)) as { items: Pod[] }).items;
  }

  async status(name = this.name): Promise<Status | undefined> {
    const object = await this.#stage.admin.request("GET", `${this.#rolloutsPath()}/${name}`);
    return z.object({ status: Status.optional() }).parse(object).status;
  }

  /** Revisions the StatefulSets want, once their controller has seen the newest template. */
  async wantedRevisions(): Promise<Set<string>> {
    return await until(
      `${this.name}: the newest template is observed`,
      async () => {
        const sets = await this.statefulSets();
        const observed = sets.every(
          ({ metadata, status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
        );
        return observed ? new Set(sets.flatMap(({ status }) => status?.updateRevision ?? [])) : undefined;
      },
      READY_TIMEOUT_MS,
    );
  }

  async untilReady(timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    await until(
      `${this.name}: all pods are Ready`,
      async () => {
        const sets = await this.statefulSets();
        return sets.every(({ spec, status }) => status?.readyReplicas === spec.replicas) || undefined;
      },
      timeoutMs,
    );
  }

  /** @returns the first status that is as wanted. @throws Error with the last one when the time is over. */
  async untilStatus(
    isWanted: (status: Status | undefined) => boolean,
    timeoutMs: number,
    name = this.name,
  ): Promise<Status | undefined> {
    let last: Status | undefined;
    const found = async (): Promise<{ status: Status | undefined } | undefined> => {
      last = await this.status(name);
      return isWanted(last) ? { status: last } : undefined;
    };
    const wanted = await until(`${this.namespace}/${name}: status`, found, timeoutMs, () => JSON.stringify(last));
    return wanted.status;
  }

  /** Waits until every pod is of the wanted revision and Ready, and one of the resources says so. */
  async untilCompleted(timeoutMs: number): Promise<void> {
    const wanted = await this.wantedRevisions();
    let seen = "";
    await until(
      `${this.name}: completed`,
      async () => {
        const [pods, statuses] = await Promise.all([
          this.pods(),
          Promise.all(this.resources.map((name) => this.status(name))),
        ]);
        const current = pods.filter(({ metadata }) => wanted.has(metadata.labels?.["controller-revision-hash"] ?? ""));
        seen = `${current.length} of ${pods.length} pods current, status ${JSON.stringify(statuses)}`;
        const said = statuses.some((status) => status?.phase === "Completed" && status.updatedReplicas === this.size);
        return (said && pods.length === this.size && current.length === this.size) || undefined;
      },
      timeoutMs,
      () => seen,
    );
  }

  #statefulSet(zone: string, version = 1) {
    const built = statefulSet(this.#definition, zone) as { metadata: { name: string }; spec: V1StatefulSetSpec };
    const { metadata, spec: pods } = built.spec.template;
    if (metadata !== undefined && this.#readyAfter !== undefined) {
      metadata.annotations = { [POD_ANNOTATIONS.readyAfter]: this.#readyAfter };
    }
    for (const container of pods?.containers ?? []) container.image = imageOf(version);
    return built;
  }

  #setsPath(): string {
    return `/apis/apps/v1/namespaces/${this.namespace}/statefulsets`;
  }

  #rolloutsPath(): string {
    return `/apis/rollout.grafana.com/v1alpha1/namespaces/${this.namespace}/multiazrollouts`;
  }
}

const imageOf = (version: number): string => `docker.io/example/ingester:${version}.0.0`;

/** Asks until there is an answer. @throws Error naming what was waited for and what was seen last. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs: number,
  lastSeen: () => string = () => "",
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not after ${timeoutMs / 1000} s. ${lastSeen()}`);
    await sleep(POLL_MS);
  }
}
