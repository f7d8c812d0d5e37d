import type { Pod, StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { MultiAZRollout, Observation } from "../../../lib/rollouts/observation.ts";
import { MultiAZRolloutSpec, type RolloutSpec } from "../../../lib/rollouts/spec.ts";
import { freshState, type RolloutState } from "../../../lib/rollouts/state.ts";
import { plusMs } from "../../../lib/rollouts/time.ts";

export const NOW = "2026-11-21T10:00:00.000Z";
export const OWNER = "hub/mimir/ingesters";
export const at = (seconds: number): string => plusMs(NOW, seconds * 1000);

/**
 * Pods of a StatefulSet in ordinal order, one letter each: `o` old and Ready, `N` new and Ready, `x` old and not Ready,
 * `n` new and not Ready, `t` old and terminating, `T` new and terminating, `c` old in a crash loop, `C` new in a crash
 * loop, `i` old whose image cannot be pulled, `p` old and pending, `P` new and pending, `r` new and Ready for 1 s, `h` old and
 * not Ready for hours, `y` old, Ready, created 1 s ago, `.` missing.
 */
export type Letters = string;

export interface PartOptions {
  zone?: string | undefined;
  strategy?: "OnDelete" | "RollingUpdate";
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  replicas?: number;
  uid?: string;
  status?: StatefulSet["status"];
  generation?: number;
  minReadySeconds?: number;
  currentRevision?: string;
  /** The controller has not written one yet. */
  withoutRevision?: true;
  spec?: Partial<StatefulSet["spec"]["template"]["spec"]>;
}

export function statefulSet(name: string, letters: Letters, options: PartOptions = {}): StatefulSet {
  const pods = letters.split("").filter((letter) => letter !== ".");
  const ready = pods.filter((letter) => "oNry".includes(letter)).length;
  const zone = "zone" in options ? options.zone : name.replace(/^[^-]+-/, "");
  const labels = { group: "ingester", ...(zone === undefined ? {} : { zone }), ...options.labels };
  return {
    metadata: {
      name,
      namespace: "mimir",
      uid: options.uid ?? `uid-${name}`,
      resourceVersion: "7",
      generation: options.generation ?? 1,
      labels,
      ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    },
    spec: {
      replicas: options.replicas ?? letters.length,
      selector: { matchLabels: { name } },
      updateStrategy: { type: options.strategy ?? "OnDelete" },
      ...(options.minReadySeconds === undefined ? {} : { minReadySeconds: options.minReadySeconds }),
      template: options.spec === undefined ? {} : { spec: options.spec },
    },
    status: {
      observedGeneration: 1,
      replicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      updatedReplicas: pods.filter((letter) => "NnTCrP".includes(letter)).length,
      currentRevision: options.currentRevision ?? "old",
      ...(options.withoutRevision === true ? {} : { updateRevision: "new" }),
      ...options.status,
    },
  };
}

/** Since when the Ready condition is what it is, seconds. */
const SINCE: Record<string, number> = { r: -1, h: -7_200 };
const WAITING: Record<string, string> = { c: "CrashLoopBackOff", C: "CrashLoopBackOff", i: "ImagePullBackOff" };

export function podsOf(owner: StatefulSet, letters: Letters): Pod[] {
  const { name, uid = "" } = owner.metadata;
  return letters.split("").flatMap((letter, ordinal) => {
    if (letter === ".") return [];
    const ready = "oNry".includes(letter);
    const waiting = WAITING[letter];
    const pod: Pod = {
      metadata: {
        name: `${name}-${ordinal}`,
        namespace: "mimir",
        uid: `${name}-${ordinal}-${letter}`,
        creationTimestamp: at(letter === "y" ? -1 : -7_200),
        labels: { "controller-revision-hash": "NnTCrP".includes(letter) ? "new" : "old" },
        ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true }],
        ...("tT".includes(letter) ? { deletionTimestamp: at(-1) } : {}),
      },
      spec: { nodeName: `node-${name}` },
      status: {
        phase: "piP".includes(letter) ? "Pending" : "Running",
        conditions: [
          { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: at(SINCE[letter] ?? -600) },
        ],
        ...(waiting === undefined
          ? {}
          : {
              containerStatuses: [
                { name: "main", ready: false, restartCount: 3, state: { waiting: { reason: waiting } } },
              ],
            }),
      },
    };
    return [pod];
  });
}

export interface GroupOptions {
  /** Letters by StatefulSet suffix: `{a: "ooo"}` is StatefulSet `ingester-a` in zone `a`. */
  pods: Record<string, Letters>;
  parts?: Record<string, PartOptions>;
  observation?: Partial<Observation>;
}

export function observe({ pods, parts = {}, observation = {} }: GroupOptions): Observation {
  const sets = Object.entries(pods).map(([suffix, letters]) => ({
    letters,
    owner: statefulSet(`ingester-${suffix}`, letters, parts[suffix]),
  }));
  return {
    observedAt: NOW,
    statefulSetsReadAt: NOW,
    resource: resource(),
    statefulSets: sets.map(({ owner }) => owner),
    pods: sets.flatMap(({ owner, letters }) => podsOf(owner, letters)),
    nodeZones: {},
    foreignController: undefined,
    controllersSoughtAt: NOW,
    fresh: false,
    ...observation,
  };
}

export function resource(annotations?: Record<string, string>): MultiAZRollout {
  return {
    apiVersion: "rollout.grafana.com/v1alpha1",
    kind: "MultiAZRollout",
    metadata: {
      name: "ingesters",
      namespace: "mimir",
      uid: "uid-resource",
      generation: 3,
      ...(annotations && { annotations }),
    },
  };
}

/** A valid spec with no interval; `rollingUpdate` is merged. */
export function spec(
  changes: Partial<RolloutSpec> & { maxUnavailable?: number | string; intervalSeconds?: number } = {},
): RolloutSpec {
  const { maxUnavailable = 1, intervalSeconds = 0, ...rest } = changes;
  const parsed = MultiAZRolloutSpec.parse({ statefulSetSelector: { matchLabels: { group: "ingester" } } });
  return { ...parsed, ...rest, rollingUpdate: { ...parsed.rollingUpdate, maxUnavailable, intervalSeconds } };
}

/** The state of a rollout that started 100 s ago with these members. */
export function underWay(
  members: Record<string, { uid?: string; zone?: string }>,
  changes: Partial<NonNullable<RolloutState["rollout"]>> = {},
  more: Partial<RolloutState> = {},
): RolloutState {
  return {
    ...freshState("uid-resource"),
    rollout: {
      startedAt: at(-100),
      selector: JSON.stringify(spec().statefulSetSelector),
      revisions: Object.fromEntries(Object.keys(members).map((suffix) => [`ingester-${suffix}`, "new"])),
      members: Object.entries(members).map(([suffix, { uid, zone }]) => ({
        name: `ingester-${suffix}`,
        uid: uid ?? `uid-ingester-${suffix}`,
        zone: zone ?? suffix,
        revision: "old",
      })),
      zones: {},
      clock: { mark: 0, stuckSeconds: 0, tickAt: at(-10), running: true },
      ...changes,
    },
    ...more,
  };
}
