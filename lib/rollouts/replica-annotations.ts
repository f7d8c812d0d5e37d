import type { StatefulSet } from "../kubernetes/objects.ts";
import { parseGoDuration } from "../registry/go-duration.ts";
import {
  type Complain,
  type DelayedDownscale,
  MALFORMED,
  type Malformed,
  type PrepareEndpoint,
  parseDelay,
  parsePrepareEndpoint,
} from "./pod-endpoint.ts";

/** When a StatefulSet was scaled down last, RFC 3339. Written with each scale-down of ours. */
export const LAST_DOWNSCALE_ANNOTATION = "grafana.com/last-downscale";
/** Go duration between the scale-downs of two zones; a label. */
export const MIN_TIME_LABEL = "grafana.com/min-time-between-zones-downscale";
export const LEADER_ANNOTATION = "grafana.com/rollout-downscale-leader";
const LEADER_READY_ANNOTATION = "grafana.com/rollout-upscale-only-when-leader-ready";
const FORCE_ANNOTATION = "grafana.com/rollout-force-replicas";
const MIRROR_PREFIX = "grafana.com/rollout-mirror-replicas-from-resource";
/** A label. */
export const PREPARE_LABEL = "grafana.com/prepare-downscale";

/** The resource a StatefulSet takes its replicas from. */
export interface MirrorSource {
  apiVersion: string;
  kind: string;
  name: string;
  /** Whether the replicas the StatefulSet has are written into the resource's status. */
  writeBack: boolean;
}

/** Names a mirrored resource among those of a namespace. */
export const mirrorKey = ({ apiVersion, kind, name }: Omit<MirrorSource, "writeBack">): string =>
  `${apiVersion}/${kind}/${name}`;

/** What labels and annotations of grafana/rollout-operator say about the replicas of one StatefulSet. */
export interface ReplicaRules {
  leader?: string;
  upscaleOnlyWhenLeaderReady: boolean;
  mirror?: MirrorSource;
  /** Set only where the annotation has an effect: beside a leader or a mirrored resource. */
  forced?: number;
  minTimeSeconds?: number | Malformed;
  /** ISO-8601 UTC, or `MALFORMED`. */
  lastDownscaleAt?: string;
  prepare?: PrepareEndpoint | Malformed;
  /** Set only where it has an effect: beside a mirrored resource. */
  delay?: DelayedDownscale | Malformed;
  /** What could not be read, and what counts instead, as sentences. */
  problems: string[];
}

/** Reads the replica rules of a StatefulSet. */
export function parseReplicaRules(statefulSet: StatefulSet): ReplicaRules {
  const { name, labels = {}, annotations = {} } = statefulSet.metadata;
  const problems: string[] = [];
  const complain = (what: string, value: string | undefined, why: string): void => {
    const shown = value === undefined ? "" : `: ${JSON.stringify(value)}`;
    problems.push(`${what}${shown} on StatefulSet ${name} ${why}`);
  };
  const leader = annotations[LEADER_ANNOTATION];
  if (leader === name) complain(`annotation ${LEADER_ANNOTATION}`, leader, "names itself; it follows nobody");
  const follows = leader === name ? undefined : leader;
  const mirror = parseMirror(annotations, complain);
  if (follows !== undefined && mirror !== undefined) {
    complain(`annotation ${MIRROR_PREFIX}-name`, mirror.name, "stands beside a leader; the leader counts");
  }
  const forced = parseForced(annotations[FORCE_ANNOTATION], follows !== undefined || mirror !== undefined, complain);
  const minTime = labels[MIN_TIME_LABEL];
  const minTimeSeconds = minTime === undefined ? undefined : secondsOf(minTime);
  if (minTimeSeconds === MALFORMED) {
    complain(`label ${MIN_TIME_LABEL}`, minTime, "is no duration such as 12h; no zone is scaled down by it until then");
  }
  const last = annotations[LAST_DOWNSCALE_ANNOTATION];
  const lastDownscaleAt = last === undefined ? undefined : instantOf(last);
  if (lastDownscaleAt === MALFORMED) {
    const why = "is no RFC 3339 time; no other zone is scaled down until it is corrected or removed";
    complain(`annotation ${LAST_DOWNSCALE_ANNOTATION}`, last, why);
  }
  const prepare = labels[PREPARE_LABEL] === "true" ? parsePrepareEndpoint(annotations, complain) : undefined;
  const delay = mirror === undefined || follows !== undefined ? undefined : parseDelay(annotations, complain);
  return {
    ...(follows === undefined ? {} : { leader: follows }),
    upscaleOnlyWhenLeaderReady: annotations[LEADER_READY_ANNOTATION] === "true",
    ...(mirror === undefined || follows !== undefined ? {} : { mirror }),
    ...(forced === undefined ? {} : { forced }),
    ...(minTimeSeconds === undefined ? {} : { minTimeSeconds }),
    ...(lastDownscaleAt === undefined ? {} : { lastDownscaleAt }),
    ...(prepare === undefined ? {} : { prepare }),
    ...(delay === undefined ? {} : { delay }),
    problems,
  };
}

/** Whether any rule about replicas stands on the StatefulSet. */
export function hasReplicaRules({ metadata: { annotations = {} } }: StatefulSet): boolean {
  const { [LEADER_ANNOTATION]: leader, [FORCE_ANNOTATION]: forced, [`${MIRROR_PREFIX}-name`]: mirror } = annotations;
  return leader !== undefined || forced !== undefined || mirror !== undefined;
}

function parseMirror(annotations: Readonly<Record<string, string>>, complain: Complain): MirrorSource | undefined {
  const read = (part: string): string => annotations[`${MIRROR_PREFIX}-${part}`] ?? "";
  const [name, kind, apiVersion] = [read("name"), read("kind"), read("api-version")];
  if (name === "" || kind === "") {
    if (name !== kind) complain(`annotation ${MIRROR_PREFIX}-${name === "" ? "name" : "kind"}`, undefined, NO_MIRROR);
    return undefined;
  }
  for (const [part, value, pattern] of [
    ["name", name, /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/],
    ["kind", kind, /^[A-Za-z][A-Za-z0-9]*$/],
    ["api-version", apiVersion, /^([a-z0-9.-]+\/)?v[a-z0-9]+$/],
  ] as const) {
    if (pattern.test(value)) continue;
    complain(`annotation ${MIRROR_PREFIX}-${part}`, value, NO_MIRROR);
    return undefined;
  }
  const writeBack = annotations[`${MIRROR_PREFIX}-write-back`];
  const wants = writeBack === undefined ? true : parseBool(writeBack);
  if (wants === undefined) {
    complain(`annotation ${MIRROR_PREFIX}-write-back`, writeBack, "is neither true nor false; nothing is written back");
  }
  return { apiVersion, kind, name, writeBack: wants === true };
}

const NO_MIRROR = "is missing or cannot be read; replicas are mirrored from nothing until it is corrected";

function parseForced(text: string | undefined, hasEffect: boolean, complain: Complain): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  const what = `annotation ${FORCE_ANNOTATION}`;
  if (!(value <= 0x7fffffff)) complain(what, text, "is no number from 0; it is ignored");
  else if (!hasEffect) complain(what, text, "has an effect only beside a leader or a mirrored resource; it is ignored");
  else return value;
  return undefined;
}

function secondsOf(text: string): number | Malformed {
  const ms = parseGoDuration(text);
  return ms === undefined || ms < 0 ? MALFORMED : ms / 1000;
}

function instantOf(text: string): string {
  const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text);
  const time = rfc3339 ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? MALFORMED : new Date(time).toISOString();
}

/** As Go's `strconv.ParseBool`. */
function parseBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  return ["0", "f", "F", "FALSE", "false", "False"].includes(text) ? false : undefined;
}
