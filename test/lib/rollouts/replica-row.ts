import { expect, test } from "vitest";
import { REPLICA_TEMPLATES } from "../../../lib/kubernetes/types.ts";
import { mirrorKey } from "../../../lib/rollouts/replica-annotations.ts";
import type { MirrorReading } from "../../../lib/rollouts/replica-wishes.ts";
import { type Delayed, freshState, type RolloutState } from "../../../lib/rollouts/state.ts";
import { at, type PartOptions } from "./group.ts";
import { plan, type Row } from "./plan-row.ts";

/** One situation of replicas and what the planner makes of it. */
export interface ReplicaRow extends Omit<Row, "phase"> {
  /** Scales planned, as `b 3>2`, with ` prepares b-2` where pods are asked first, and ` after b-2` where they have to have waited. */
  scales?: string[];
  /** Reasons by StatefulSet, as `b WaitingForLeader`. */
  waits?: string[];
  /** What else is planned about replicas, as `UndoPrepareDownscale b-2`; pods that do not run as `without b-2`. */
  also?: string[];
  /** Parts of the warnings, in order. */
  warns?: string[];
  /** Notes as `ReplicasWrittenBack Forbidden <message>`. */
  notes?: string[];
  /** Condition `Scaled`: its reason. */
  due?: number;
}

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;

interface Rules {
  leader?: string;
  leaderReady?: string;
  minTime?: string;
  /** Seconds ago, or the annotation itself. */
  last?: number | string;
  forced?: string;
  mirror?: Partial<Record<"name" | "kind" | "api-version" | "write-back", string>>;
  prepare?: { path?: string; port?: string };
}

/** Labels and annotations of a StatefulSet `ingester-<suffix>` as people write them. */
export function rules({ leader, leaderReady, minTime, last, forced, mirror, prepare }: Rules): PartOptions {
  const written = (key: string, value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [`grafana.com/${key}`]: value };
  const source = mirror && { name: "ingester", kind: "ReplicaTemplate", "api-version": API_VERSION, ...mirror };
  return {
    annotations: {
      ...written("rollout-downscale-leader", leader === undefined ? undefined : `ingester-${leader}`),
      ...written("rollout-upscale-only-when-leader-ready", leaderReady),
      ...written("last-downscale", typeof last === "number" ? at(-last).replace(".000Z", "Z") : last),
      ...written("rollout-force-replicas", forced),
      ...Object.assign(
        {},
        ...Object.entries(source ?? {}).map(([part, value]) =>
          written(`rollout-mirror-replicas-from-resource-${part}`, value),
        ),
      ),
      ...written("prepare-downscale-http-path", prepare?.path),
      ...written("prepare-downscale-http-port", prepare?.port),
    },
    labels: {
      ...written("min-time-between-zones-downscale", minTime),
      ...written("prepare-downscale", prepare === undefined ? undefined : "true"),
    },
  };
}

const { apiVersion: API_VERSION } = REPLICA_TEMPLATES;

/** Key of its answer. */
export const TEMPLATE = mirrorKey({ ...REPLICA_TEMPLATES, name: "ingester" });

/** What a ReplicaTemplate named `ingester` answered. */
export const template = (replicas: number, statusReplicas = replicas): MirrorReading => ({
  replicas,
  statusReplicas,
  type: REPLICA_TEMPLATES,
  name: "ingester",
});

export const PREPARE = { path: "ingester/prepare-shutdown", port: "80" };

/** A scale-down of ours as the state keeps it. */
export const scaleDown = (
  suffix: string,
  changes: Partial<NonNullable<RolloutState["scaleDown"]>> = {},
): RolloutState => ({
  ...freshState("uid-resource"),
  scaleDown: {
    statefulSet: `ingester-${suffix}`,
    uid: `uid-ingester-${suffix}`,
    generation: 1,
    from: 3,
    to: 2,
    pods: [`ingester-${suffix}-2`],
    ...changes,
  },
});

/** The least time of the operator's README. */
export const MIN_TIME = { minTime: "12h" };
export const FOLLOWS_A = { ...MIN_TIME, leader: "a", leaderReady: "true" };
export const FOLLOWS_B = { ...MIN_TIME, leader: "b", leaderReady: "true" };
/** The example of the operator's README: zone b follows a, zone c follows b. */
export const chain = { a: rules(MIN_TIME), b: rules(FOLLOWS_A), c: rules(FOLLOWS_B) };

export const DELAY_URL = "http://pod:8080/ingester/prepare-delayed-downscale";

/** The same part asking for a delayed downscale. */
export const delayed = (
  { annotations, ...part }: PartOptions,
  { delay = "1h", url = DELAY_URL }: { delay?: string; url?: string } = {},
): PartOptions => ({
  ...part,
  annotations: {
    ...annotations,
    "grafana.com/rollout-delayed-downscale": delay,
    "grafana.com/rollout-prepare-delayed-downscale-url": url,
  },
});

/** What is known of the pods of `ingester-a`. @param since seconds ago, by ordinal. */
export const waiting = (since: Record<number, number>, changes: Partial<Delayed> = {}): RolloutState => ({
  ...freshState("uid-resource"),
  delayed: {
    "ingester-a": {
      uid: "uid-ingester-a",
      endpoint: { port: 8080, path: "ingester/prepare-delayed-downscale" },
      prepared: Object.keys(since).map((ordinal) => `ingester-a-${ordinal}`),
      since: Object.fromEntries(
        Object.entries(since).map(([ordinal, ago]) => [`ingester-a-${ordinal}`, Date.parse(at(-ago)) / 1000]),
      ),
      askedAt: at(-MINUTE),
      ...changes,
    },
  },
});

export const stateWith = (changes: Partial<RolloutState>): RolloutState => ({
  ...freshState("uid-resource"),
  ...changes,
});

const short = (name: string): string => name.replace("ingester-", "");

/** One test per row, named by its sentence. */
export function testReplicaRows(rows: Record<string, ReplicaRow>): void {
  test.each(Object.entries(rows))("%s", (_sentence, row) => {
    const result = plan({ ...row, phase: "Idle" });
    const scales: string[] = [];
    const also: string[] = [];
    for (const action of result.actions) {
      if (action.kind === "ScaleStatefulSet") {
        const prepares = action.endpoint === undefined ? "" : ["", "prepares", ...action.pods.map(short)].join(" ");
        const after = action.delay === undefined ? "" : ["", "after", ...action.delay.pods.map(short)].join(" ");
        scales.push(`${short(action.statefulSet)} ${action.from}>${action.to}${prepares}${after}`);
      } else if (action.kind === "PrepareDelayedDownscale") {
        const absent = action.absent.length === 0 ? [] : ["without", ...action.absent];
        also.push([action.kind, ...action.pods, ...absent].map(short).join(" "));
      } else if (action.kind === "UndoPrepareDownscale" || action.kind === "CancelDelayedDownscale")
        also.push(`${action.kind} ${action.pods.map(short).join(" ")}`);
      else if (action.kind === "WriteBackReplicas") also.push(`${action.kind} ${action.replicas}`);
      else if (action.kind === "DeletePod") also.push(`${action.kind} ${short(action.pod)}`);
    }
    const waits = result.scaling.waits.map(({ statefulSet, reason }) => `${short(statefulSet)} ${reason}`);
    expect({ scales, waits, also }).toEqual({ scales: row.scales ?? [], waits: row.waits ?? [], also: row.also ?? [] });
    expect(result.warnings).toHaveLength(row.warns?.length ?? 0);
    for (const [index, part] of (row.warns ?? []).entries()) expect(result.warnings[index]).toContain(part);
    expect(result.notes.map((note) => Object.values(note).join(" "))).toEqual(row.notes ?? []);
    if (row.says !== undefined)
      expect(result.scaling.waits.map(({ message }) => message).join(" ")).toContain(row.says);
    if (row.due !== undefined) expect(result.nextDueInSeconds).toBe(row.due);
    expect(plan({ ...row, phase: "Idle" })).toEqual(result);
  });
}
