import type { KubernetesObject, Pod } from "../../lib/kubernetes/objects.ts";
import type { ClusterModel } from "./model.ts";

interface ReplicaTemplate extends KubernetesObject {
  spec: { replicas: number };
  status?: { replicas: number };
}

/** What the pods of a model answer through the API server, and the scale of its ReplicaTemplates. */
export class PodEndpoints {
  /** UIDs of the pods that are prepared for their end. */
  readonly prepared = new Set<string>();
  /** Since when pods wait for a delayed downscale, Unix time in seconds, by UID. */
  readonly waiting = new Map<string, number>();
  /** What a pod answers to a POST for a delayed downscale, by name; default the time since when it waits. */
  readonly bodies = new Map<string, string>();
  /** Names of pods that answer 500 to this method. */
  readonly refusing = { POST: new Set<string>(), DELETE: new Set<string>() };
  /** What the API server answers instead of any pod. */
  forbidden: { status: number; body: string } | undefined;
  readonly #model: ClusterModel;
  readonly #log: (line: string) => void;

  constructor(model: ClusterModel, log: (line: string) => void) {
    this.#model = model;
    this.#log = log;
  }

  /** Pods that stay although they are prepared for their end. */
  get left(): string[] {
    return this.#model
      .all<Pod>("pods")
      .filter(({ metadata }) => this.prepared.has(metadata.uid ?? "") && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name);
  }

  /** Pods that stay although they wait for a delayed downscale. */
  get leftWaiting(): string[] {
    return this.#model
      .all<Pod>("pods")
      .filter(({ metadata }) => this.waiting.has(metadata.uid ?? "") && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name);
  }

  readonly answer = (method: string, path: string): { status: number; body: string } => {
    const [, template = ""] = /\/replicatemplates\/([^/]+)\/scale$/.exec(path) ?? [];
    if (template !== "") return this.#scale(template);
    const [, name = "", endpoint = ""] = /\/pods\/([^/:]+):80\/proxy\/ingester\/(prepare-[a-z-]+)$/.exec(path) ?? [];
    if (this.forbidden !== undefined) return this.forbidden;
    const pod = this.#model.find<Pod>("pods", name);
    if (pod === undefined) return status(404, `pods "${name}" not found`);
    const refuses = this.refusing[method as "POST" | "DELETE"].has(name);
    const delays = endpoint === "prepare-delayed-downscale";
    this.#log(`${method} ${name}${delays ? " delayed" : ""}${refuses ? " refused" : ""}`);
    if (delays && !refuses) return this.#delay(method, pod);
    if (refuses) return { status: 500, body: "not now" };
    if (method === "POST") this.prepared.add(pod.metadata.uid ?? "");
    else this.prepared.delete(pod.metadata.uid ?? "");
    return { status: 204, body: "" };
  };

  #delay(method: string, { metadata: { name, uid = "" } }: Pod): { status: number; body: string } {
    if (method === "DELETE") {
      this.waiting.delete(uid);
      return { status: 204, body: "" };
    }
    const timestamp = this.waiting.get(uid) ?? Math.floor(this.#model.clock.now() / 1000);
    this.waiting.set(uid, timestamp);
    return { status: 200, body: this.bodies.get(name) ?? JSON.stringify({ timestamp }) };
  }

  #scale(name: string): { status: number; body: string } {
    const found = this.#model.find<ReplicaTemplate>("replicatemplates", name);
    if (found === undefined) return status(404, `replicatemplates "${name}" not found`);
    return { status: 200, body: JSON.stringify({ kind: "Scale", spec: found.spec, status: found.status ?? {} }) };
  }
}

const status = (code: number, message: string): { status: number; body: string } => ({
  status: code,
  body: JSON.stringify({ kind: "Status", code, message }),
});
