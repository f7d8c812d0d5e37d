import { seededRandom } from "../clock.ts";
import { between, oneOf, type Random, whole } from "./chance.ts";
import { isAboutScaling, isApart, KINDS, type Kind } from "./kinds.ts";

/** One thing that befalls a rollout. What its numbers mean is its kind's affair. */
export interface Fault {
  kind: Kind;
  /** Milliseconds after the start, and how long it goes on. */
  at: number;
  forMs: number;
  /** Which pod, zone, worker …: any whole number. */
  which: number;
  /** How much of it, 0..1. */
  much: number;
}

/** What a simulation is like: all of it follows from the seed. */
export interface Setting {
  seed: number;
  /** One StatefulSet over all zones instead of one for each. */
  spread: boolean;
  zones: number;
  replicas: number;
  spec: {
    maxUnavailable: number | string;
    intervalSeconds: number;
    minReadySeconds: number;
    zoneSoakSeconds: number;
    onStall: "Hold" | "Rollback";
    strategy: "Sliding" | "Exponential";
  };
  /** Whether something scales the group. */
  scaling?: {
    /** Each StatefulSet follows the one before, instead of mirroring the same resource. */
    chain: boolean;
    minTimeSeconds: number;
    /** Followers go up once their leader is Ready. */
    leaderReady: boolean;
    writeBack: boolean;
    /** Pods are prepared for a scale-down. */
    prepared: boolean;
  };
  latencyMs: number;
  /** From a delete to the end of the pod, milliseconds: least and most. */
  graceMs: [number, number];
  faults: Fault[];
}

/** How likely each kind is to be drawn. */
const LIKELY = 0.13;
/** Two kinds that cannot both be told from each other, or that make a rollout of nothing else. */
const EXCLUSIVE: readonly (readonly Kind[])[] = [
  ["pods never Ready", "pods crash", "pods flap"],
  ["StatefulSet recreated", "StatefulSet gone for long", "StatefulSet relabelled", "selector changed"],
];

/** How likely something scales the group, and each kind about that where it does. */
const SCALED = { group: 0.3, kind: 0.5 };
/** What needs several StatefulSets. */
const NOT_SPREAD: readonly Kind[] = ["azOrder changed", "selector changed", "zones follow a leader"];

/** @returns what befalls the rollout of this seed. */
export function drawSetting(seed: number): Setting {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x51f15eed);
  const spread = random() < 0.2;
  const scaled = random() < SCALED.group;
  const setting = {
    seed,
    spread,
    zones: spread ? 3 : whole(random, 2, 3),
    replicas: spread ? whole(random, 3, 8) : whole(random, scaled ? 3 : 1, 5),
    spec: {
      maxUnavailable: oneOf(random, [1, 1, 2, 3, "34%", "50%"]),
      intervalSeconds: oneOf(random, [0, 0, 0, 5]),
      minReadySeconds: oneOf(random, [0, 0, 2]),
      zoneSoakSeconds: oneOf(random, [0, 0, 0, 6]),
      onStall: oneOf(random, ["Hold", "Rollback"] as const),
      strategy: oneOf(random, ["Sliding", "Sliding", "Exponential"] as const),
    },
    latencyMs: oneOf(random, [4, 10, 40]),
    graceMs: oneOf<[number, number]>(random, [
      [50, 200],
      [500, 4_000],
    ]),
  };
  const apart = seededRandom(Math.imul(seed, 0x85ebca6b) ^ 0x27d4eb2f);
  const drawn = KINDS.filter((kind) => (isApart(kind) ? apart : random)() < likelihood(kind, scaled));
  const faults = drawn
    .filter((kind) => fits(kind, drawn, setting))
    .filter((kind) => !scaled || kind !== "zones follow a leader")
    .map((kind) => drawFault(kind, isApart(kind) ? apart : random));
  if (!scaled) return { ...setting, faults };
  const scaling = {
    chain: !spread && random() < 0.6,
    minTimeSeconds: oneOf(random, [0, 20, 60]),
    leaderReady: random() < 0.5,
    writeBack: random() < 0.7,
    prepared: random() < 0.8,
  };
  return { ...setting, scaling, faults };
}

function likelihood(kind: Kind, scaled: boolean): number {
  if (kind === "replicas mirrored") return scaled ? 1 : 0;
  if (!isAboutScaling(kind)) return LIKELY;
  return scaled ? SCALED.kind : 0;
}

function fits(kind: Kind, drawn: readonly Kind[], { spread }: Pick<Setting, "spread">): boolean {
  if (spread && NOT_SPREAD.includes(kind)) return false;
  const rivals = EXCLUSIVE.find((group) => group.includes(kind)) ?? [];
  return rivals.filter((rival) => drawn.includes(rival))[0] === kind || rivals.length === 0;
}

function drawFault(kind: Kind, random: Random): Fault {
  return {
    kind,
    at: Math.round(between(random, 200, 22_000)),
    forMs: Math.round(between(random, 2_000, 30_000)),
    which: whole(random, 0, 1_000),
    much: random(),
  };
}

/** @returns the faults in words, the earliest first. */
export function describeSetting({ spread, zones, replicas, spec, scaling, faults }: Setting): string {
  const what = spread ? `one StatefulSet of ${replicas} over ${zones} zones` : `${zones} zones of ${replicas}`;
  const wishes = Object.entries({ ...spec, ...scaling }).map(([name, value]) => `${name} ${value}`);
  const times = faults
    .toSorted((a, b) => a.at - b.at)
    .map(({ kind, at, forMs, which, much }) => {
      const [from, until] = [at, at + forMs].map((ms) => (ms / 1_000).toFixed(1));
      return `  ${from}–${until} s ${kind} (which ${which}, much ${much.toFixed(2)})`;
    });
  return [`${what}, ${wishes.join(", ")}`, ...times].join("\n");
}
