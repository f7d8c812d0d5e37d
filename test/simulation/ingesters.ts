import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { PodEndpoints } from "./pod-endpoints.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

export const KEY = "grafana.com";
/** Mirrors the replicas of ReplicaTemplate `ingester`. */
export const MIRROR = {
  [`${KEY}/rollout-mirror-replicas-from-resource-name`]: "ingester",
  [`${KEY}/rollout-mirror-replicas-from-resource-kind`]: "ReplicaTemplate",
  [`${KEY}/rollout-mirror-replicas-from-resource-api-version`]: "rollout-operator.grafana.com/v1",
};
const PREPARE = {
  labels: { [`${KEY}/prepare-downscale`]: "true" },
  annotations: {
    [`${KEY}/prepare-downscale-http-path`]: "ingester/prepare-shutdown",
    [`${KEY}/prepare-downscale-http-port`]: "80",
  },
};

/** Three zones: a mirrors a ReplicaTemplate, b follows a, c follows b, a minute apart, and pods are prepared. */
export class Ingesters extends Scenario {
  /** Pods scaled away without having been prepared, as sentences. */
  readonly unprepared: string[] = [];
  readonly pods: PodEndpoints = new PodEndpoints(this.model, (line) => this.log(line));

  /** Seconds by StatefulSet. */
  readonly #delays = new Map<string, number>();

  constructor(options: ScenarioOptions = {}, minTime = "1m") {
    let answer: PodEndpoints["answer"] = () => ({ status: 503, body: "" });
    const client = { ...options.hub?.client, answer: (method: string, path: string) => answer(method, path) };
    super({ ...options, hub: { ...options.hub, client } });
    this.invariants.onScale = ({ metadata: { name, uid = "" }, status }) => {
      const seconds = this.#delays.get(name.replace(/-\d+$/, "")) ?? 0;
      const since = this.pods.waiting.get(uid);
      if (seconds > 0 && !(since !== undefined && this.clock.now() / 1000 - since >= seconds))
        this.unprepared.push(`${name} went without having waited ${seconds} s`);
      if (status?.phase === "Running" && !this.pods.prepared.has(uid)) this.unprepared.push(`${name} went unprepared`);
    };
    answer = this.pods.answer;
    this.model.put("replicatemplates", {
      metadata: { name: "ingester" },
      spec: { replicas: options.replicas ?? 3 },
    } as never);
    this.annotate("zone-a", MIRROR, minTime);
    for (const [zone, leader] of [
      ["zone-b", "zone-a"],
      ["zone-c", "zone-b"],
    ] as const) {
      this.annotate(
        zone,
        {
          [`${KEY}/rollout-downscale-leader`]: `ingester-${leader}`,
          [`${KEY}/rollout-upscale-only-when-leader-ready`]: "true",
        },
        minTime,
      );
    }
  }

  annotate(zone: string, annotations: Record<string, string>, minTime: string): void {
    const found = this.statefulSet(zone);
    const labels = {
      ...found.metadata.labels,
      ...PREPARE.labels,
      [`${KEY}/min-time-between-zones-downscale`]: minTime,
    };
    const all = { ...found.metadata.annotations, ...PREPARE.annotations, ...annotations };
    this.model.put("statefulsets", { ...found, metadata: { ...found.metadata, labels, annotations: all } });
  }

  /** Has a zone take its replicas from the ReplicaTemplate instead of from its leader. */
  mirror(zone: string, minTime = "0s"): void {
    this.lead(zone);
    this.annotate(zone, MIRROR, minTime);
  }

  /** Has a zone keep the replicas people give it. */
  lead(zone: string): void {
    const found = this.statefulSet(zone);
    const { [`${KEY}/rollout-downscale-leader`]: _leader, ...annotations } = found.metadata.annotations ?? {};
    this.model.put("statefulsets", { ...found, metadata: { ...found.metadata, annotations } });
  }

  statefulSet(zone: string): StatefulSet {
    const found = this.model.find<StatefulSet>("statefulsets", `ingester-${zone}`);
    if (found === undefined) throw new Error(`no StatefulSet in ${zone}`);
    return found;
  }

  /**
   * Has a zone wait for a delayed downscale, and holds every later scale-down of it to that.
   * @param seconds 0 = no longer.
   */
  delay(zone: string, seconds: number): void {
    const found = this.statefulSet(zone);
    const { [`${KEY}/rollout-delayed-downscale`]: _delay, ...annotations } = found.metadata.annotations ?? {};
    const delayed = {
      ...annotations,
      ...(seconds === 0 ? {} : { [`${KEY}/rollout-delayed-downscale`]: `${seconds}s` }),
      [`${KEY}/rollout-prepare-delayed-downscale-url`]: "http://pod/ingester/prepare-delayed-downscale",
    };
    this.model.put("statefulsets", { ...found, metadata: { ...found.metadata, annotations: delayed } });
    this.#delays.set(`ingester-${zone}`, seconds);
  }

  /** What an autoscaler writes. */
  want(replicas: number): void {
    this.log(`wanted ${replicas}`);
    const found = this.model.find("replicatemplates", "ingester");
    this.model.put("replicatemplates", { ...found, spec: { replicas } } as never);
  }

  /** Whether every zone has these replicas, and their pods are there and Ready. */
  readonly are = (replicas: number) => (): boolean =>
    this.sets.every((name) => {
      const { spec, status } = this.model.find<StatefulSet>("statefulsets", name) ?? {};
      return spec?.replicas === replicas && status?.replicas === replicas && status.readyReplicas === replicas;
    });

  /** The scales and calls to pods, in order. */
  get story(): string[] {
    return this.transcript
      .split("\n")
      .map((line) =>
        line
          .trim()
          .replace(/^[\d.]+ /, "")
          .replaceAll("ingester-", ""),
      )
      .filter((line) => /^(scale|POST|DELETE|delete|fault)/.test(line));
  }

  reason(type = "Scaled"): string | undefined {
    return this.hub.last?.status.conditions.find((condition) => condition.type === type)?.reason;
  }
}
