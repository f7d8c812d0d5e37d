import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { POD_ANNOTATIONS } from "../../../local/control-plane/pod-behaviours.ts";

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";

/** A StatefulSet with all that its chart gives it, more than our own types know. */
export type Manifest = StatefulSet & { spec: { volumeClaimTemplates?: unknown[] } };

/** A component of Mimir as the chart mimir-distributed installs it with zones: one StatefulSet for each of them. */
export interface MimirComponent {
  name: "ingester" | "store-gateway";
  replicas: number;
  /** As the chart has it. */
  maxUnavailable: string;
  podManagementPolicy?: "Parallel";
  terminationGracePeriodSeconds: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Of one zone after another: the ingesters are scaled down in turn. */
  follows?: boolean;
}

export const INGESTER: MimirComponent = {
  name: "ingester",
  replicas: 4,
  maxUnavailable: "50",
  podManagementPolicy: "Parallel",
  terminationGracePeriodSeconds: 1200,
  labels: { "grafana.com/prepare-downscale": "true", "grafana.com/min-time-between-zones-downscale": "12h" },
  annotations: {
    "grafana.com/prepare-downscale-http-path": "ingester/prepare-shutdown",
    "grafana.com/prepare-downscale-http-port": "8080",
  },
  follows: true,
};
export const STORE_GATEWAY: MimirComponent = {
  name: "store-gateway",
  replicas: 2,
  maxUnavailable: "10",
  terminationGracePeriodSeconds: 240,
};

const family = (component: string): Record<string, string> => ({
  "app.kubernetes.io/name": "mimir",
  "app.kubernetes.io/instance": "prod",
  "app.kubernetes.io/component": component,
});

/** Where and how fast pods come up. */
export interface Place {
  namespace: string;
  /** Physical ones, for the logical zones a, b, c. */
  zones: readonly string[];
  /** From Running to Ready. */
  readyAfter: string;
}

/** One StatefulSet for each zone. */
export function mimirSets(component: MimirComponent, { namespace, zones, readyAfter }: Place): Manifest[] {
  return zones.map((physical, index) => {
    const letter = "abc"[index] ?? "";
    const zone = `zone-${letter}`;
    const group = { "rollout-group": component.name, zone };
    const pods = { ...family(component.name), ...group };
    const more = { "app.kubernetes.io/part-of": "memberlist", "app.kubernetes.io/managed-by": "Helm" };
    const leader = `prod-mimir-${component.name}-zone-${"abc"[index - 1] ?? ""}`;
    const { replicas, terminationGracePeriodSeconds } = component;
    return {
      metadata: {
        name: `prod-mimir-${component.name}-${zone}`,
        namespace,
        labels: { ...pods, ...more, name: `${component.name}-${zone}`, ...component.labels },
        annotations: {
          "rollout-max-unavailable": component.maxUnavailable,
          ...component.annotations,
          ...(component.follows === true && index > 0 ? { "grafana.com/rollout-downscale-leader": leader } : {}),
        },
      },
      spec: {
        replicas,
        serviceName: `prod-mimir-${component.name}-headless`,
        ...(component.podManagementPolicy === undefined ? {} : { podManagementPolicy: component.podManagementPolicy }),
        updateStrategy: { type: "OnDelete" },
        selector: { matchLabels: pods },
        volumeClaimTemplates: [claim("storage", "50Gi")],
        template: {
          metadata: {
            labels: { ...pods, ...more, name: `${component.name}-${zone}` },
            annotations: { [POD_ANNOTATIONS.readyAfter]: readyAfter },
          },
          spec: podSpec({
            container: component.name,
            image: "grafana/mimir:2.17.0",
            args: [`-target=${component.name}`, "-config.file=/etc/mimir/mimir.yaml"],
            volume: ["storage", "/data"],
            more: {
              nodeSelector: { [ZONE]: physical },
              terminationGracePeriodSeconds,
              affinity: { podAntiAffinity: apartFrom(component.name, zone) },
            },
          }),
        },
      },
    };
  });
}

/** The budget of a component over all its zones, under which an eviction could take one pod of the whole group. */
export function mimirBudget({ name }: MimirComponent, namespace: string): object {
  const selector = { matchLabels: family(name) };
  return { metadata: { name: `prod-mimir-${name}`, namespace }, spec: { selector, maxUnavailable: 1 } };
}

/** Brokers in one StatefulSet, three in each zone. */
export function kafkaSet({ namespace, readyAfter }: Place): Manifest {
  const labels = { "app.kubernetes.io/name": "kafka", "app.kubernetes.io/component": "broker" };
  const spread = { maxSkew: 1, whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: labels } };
  return {
    metadata: { name: "kafka", namespace, labels },
    spec: {
      replicas: 9,
      serviceName: "kafka-headless",
      podManagementPolicy: "Parallel",
      updateStrategy: { type: "OnDelete" },
      selector: { matchLabels: labels },
      volumeClaimTemplates: [claim("data", "100Gi")],
      template: {
        metadata: { labels, annotations: { [POD_ANNOTATIONS.readyAfter]: readyAfter } },
        spec: podSpec({
          container: "kafka",
          image: "apache/kafka:4.0.0",
          args: [],
          volume: ["data", "/var/lib/kafka"],
          more: { terminationGracePeriodSeconds: 120, topologySpreadConstraints: [{ ...spread, topologyKey: ZONE }] },
        }),
      },
    },
  };
}

function apartFrom(component: string, zone: string): object {
  const matchExpressions = [
    { key: "rollout-group", operator: "In", values: [component] },
    { key: "zone", operator: "NotIn", values: [zone] },
  ];
  return {
    requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchExpressions }, topologyKey: HOST }],
  };
}

function claim(name: string, storage: string) {
  return { metadata: { name }, spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } } };
}

function podSpec(options: {
  container: string;
  image: string;
  args: string[];
  volume: [name: string, path: string];
  more: object;
}): NonNullable<StatefulSet["spec"]["template"]["spec"]> {
  const { container, image, args, more } = options;
  const [name, mountPath] = options.volume;
  const mounted = { name: container, image, args, volumeMounts: [{ name, mountPath }] };
  return { containers: [mounted], ...more };
}
