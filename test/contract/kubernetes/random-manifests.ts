/** A manifest and what is done with it. */
export interface Trial {
  /** A short resource name as in rows. */
  resource: string;
  create: Record<string, unknown>;
  /** Merge patches, one after the other. */
  patches: unknown[];
}

export type Random = () => number;

/** Mulberry32: the same seed, the same numbers from 0 up to 1. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const maybe = (random: Random, chance: number, value: () => object): object => (random() < chance ? value() : {});
const upTo = <T>(random: Random, most: number, make: (index: number) => T): T[] =>
  Array.from({ length: Math.floor(random() * (most + 1)) }, (_, index) => make(index));

const labels = (random: Random): object => ({
  labels: Object.fromEntries(upTo(random, 3, (index) => [`l${index}.example.com/x`, pick(random, ["a", "b", ""])])),
});
const meta = (random: Random, name: string): object => ({
  name,
  ...maybe(random, 0.5, () => labels(random)),
  ...maybe(random, 0.3, () => ({ annotations: { note: pick(random, ["", "text", '{"a":"<&>"}']) } })),
});

const quantity = (random: Random): string | number =>
  pick(random, ["100m", "0.5", 1, "1.5Gi", "1e3", "2048Mi", "1000"]);
const resources = (random: Random): object => ({
  ...maybe(random, 0.6, () => ({ limits: { cpu: quantity(random), memory: quantity(random) } })),
  ...maybe(random, 0.3, () => ({ requests: { cpu: "10m" } })),
});

function container(random: Random, name: string): object {
  return {
    name,
    image: pick(random, ["app", "app:1", "app:latest", "registry.example.com:5000/a/app", "app@sha256:0"]),
    ...maybe(random, 0.4, () => ({ args: upTo(random, 3, (index) => pick(random, ["", `-a${index}`])) })),
    ...maybe(random, 0.5, () => ({
      env: [
        { name: "A", value: pick(random, ["", "x"]) },
        { name: "B", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
    })),
    ...maybe(random, 0.4, () => ({ ports: [{ containerPort: pick(random, [80, 8080]) }] })),
    ...maybe(random, 0.5, () => ({ resources: resources(random) })),
    ...maybe(random, 0.3, () => ({
      readinessProbe: { httpGet: { port: 80 }, ...maybe(random, 0.5, () => ({ periodSeconds: 3 })) },
    })),
    ...maybe(random, 0.2, () => ({ volumeMounts: [{ name: "v0", mountPath: "/v", readOnly: random() < 0.5 }] })),
    ...maybe(random, 0.2, () => ({ securityContext: { runAsUser: 1000 } })),
  };
}

function podSpec(random: Random): object {
  return {
    nodeSelector: { nowhere: "true" },
    containers: [container(random, "main"), ...upTo(random, 1, () => container(random, "side"))],
    volumes: [
      pick(random, [
        { name: "v0" },
        { name: "v0", emptyDir: {} },
        { name: "v0", configMap: { name: "x" } },
        { name: "v0", secret: { secretName: "y", optional: true } },
      ]),
    ],
    ...maybe(random, 0.3, () => ({ terminationGracePeriodSeconds: pick(random, [0, 5, 60]) })),
    ...maybe(random, 0.2, () => ({ initContainers: [container(random, "first")] })),
    ...maybe(random, 0.2, () => ({ hostNetwork: random() < 0.3, automountServiceAccountToken: random() < 0.5 })),
    ...maybe(random, 0.2, () => ({ tolerations: [{ key: "k", operator: "Exists" }] })),
  };
}

function workload(random: Random, name: string): object {
  const own = { app: name };
  return {
    replicas: 0,
    selector: { matchLabels: own },
    template: { metadata: { labels: own }, spec: podSpec(random) },
    ...maybe(random, 0.3, () => ({ minReadySeconds: pick(random, [0, 5]) })),
    ...maybe(random, 0.3, () => ({ revisionHistoryLimit: pick(random, [0, 3]) })),
  };
}

const KINDS: Readonly<Record<string, (random: Random, name: string) => object>> = {
  cm: (random) => ({ data: Object.fromEntries(upTo(random, 3, (index) => [`k${index}`, pick(random, ["", "x"])])) }),
  secrets: (random) => ({
    ...maybe(random, 0.7, () => ({ stringData: { a: "b" } })),
    ...maybe(random, 0.4, () => ({ type: "example.com/x" })),
  }),
  pods: (random) => ({ spec: podSpec(random) }),
  svc: (random) => ({
    spec: {
      clusterIP: "None",
      ports: upTo(random, 2, (index) => ({ name: `p${index}`, port: 80 + index })),
      ...maybe(random, 0.5, () => ({ selector: { a: "b" } })),
    },
  }),
  sts: (random, name) => ({
    spec: {
      ...workload(random, name),
      ...maybe(random, 0.7, () => ({ serviceName: pick(random, ["", "s"]) })),
      ...maybe(random, 0.5, () => ({ podManagementPolicy: pick(random, ["Parallel", "OrderedReady"]) })),
      ...maybe(random, 0.5, () => ({
        updateStrategy: pick(random, [
          { type: "OnDelete" },
          { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
          {},
        ]),
      })),
      ...maybe(random, 0.3, () => ({
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: quantity(random) } } },
          },
        ],
      })),
    },
  }),
  deploy: (random, name) => ({ spec: { ...workload(random, name), paused: true } }),
  roles: (random) => ({
    rules: upTo(random, 2, () => ({ apiGroups: [""], resources: ["pods"], verbs: pick(random, [["get"], ["*"], []]) })),
  }),
  leases: (random) => ({ spec: maybe(random, 0.5, () => ({ holderIdentity: "me", leaseDurationSeconds: 5 })) }),
};

/** Values that spoil a field, or do not. */
const SPOILS: readonly unknown[] = ["", "X_y", -1, 0, 70_000, true, null, [], {}, ["a"], { a: "b" }];

/** Puts something else into a random place. */
function spoil(random: Random, object: Record<string, unknown>): void {
  let here: Record<string, unknown> | unknown[] = object;
  for (;;) {
    const keys = Object.keys(here).filter((key) => !(here === object && key === "metadata"));
    const key = pick(random, keys);
    if (key === undefined) return;
    const child: unknown = (here as Record<string, unknown>)[key];
    if (typeof child === "object" && child !== null && random() < 0.85 && Object.keys(child).length > 0) {
      here = child as Record<string, unknown>;
      continue;
    }
    (here as Record<string, unknown>)[key] = structuredClone(pick(random, SPOILS));
    return;
  }
}

/** @param number makes the name unique. */
export function randomTrial(random: Random, number: number): Trial {
  const resource = pick(random, Object.keys(KINDS));
  const name = `random-${number}`;
  const make = (): Record<string, unknown> => ({ metadata: meta(random, name), ...KINDS[resource]?.(random, name) });
  const create = make();
  if (random() < 0.4) spoil(random, create);
  const patches = upTo(random, 2, () => {
    const patch = make();
    if (random() < 0.3) spoil(random, patch);
    return patch;
  });
  return { resource, create, patches };
}
