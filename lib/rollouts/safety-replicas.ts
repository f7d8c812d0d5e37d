import { endOrdinal } from "./members.ts";
import { isLate } from "./pods.ts";
import type { Reason } from "./reason.ts";
import { SAFETY_RULES } from "./safety.ts";
import { CONTROLLERS_RULE } from "./safety-controllers.ts";
import { GATE_RULES } from "./safety-gates.ts";
import { type Candidate, type Hold, listed, type SafetyContext, type SafetyRule } from "./safety-rule.ts";

/** What the rules about scaling down look at besides. */
export interface ScaleContext extends SafetyContext {
  /** Pods of a revision that is no longer wanted. */
  outdated: readonly Candidate[];
  /** Deletes of ours that are not over. */
  deleting: number;
}

interface ScaleRule {
  name: string;
  apply(batch: readonly Candidate[], context: ScaleContext): { keep: readonly Candidate[]; hold?: Hold };
}

/**
 * Rules about which outdated pod is replaced when; they say nothing about pods that are no longer wanted. Every other rule
 * holds for a scale-down too: the pods that go are its batch.
 */
export const ABOUT_REPLACING: readonly string[] = [
  "a pod of the wanted revision is never deleted",
  "a terminating pod is skipped",
  "a pod is judged by StatefulSets that were listed after it was created",
  "a paused StatefulSet is left alone",
  "one zone at a time, an unready one first",
  "a completed zone soaks first",
  "a person approves each zone",
  "the StatefulSets of one zone go in name order",
  "a pod that was prepared for its end is told first that it stays",
  "no more than maxUnavailable",
  "exponential batches begin with one pod",
];

const waiting = (reason: Reason, message: string): { keep: readonly Candidate[]; hold: Hold } => ({
  keep: [],
  hold: { phase: "Progressing", reason, message, clockRuns: false },
});

/**
 * Outdated pods wait for the zone of a new pod that is not available: for ever, where it is one that cannot run and is to go. One
 * that was created a moment ago is on its way, and has to be prepared once it runs: its volume may keep what the pod before wrote.
 */
const isInTheWay =
  ({ spec: { progressDeadlineSeconds }, now }: ScaleContext) =>
  ({ pod }: Candidate): boolean =>
    isLate(pod, { progressDeadlineSeconds, now });

const OWN_RULES: readonly ScaleRule[] = [
  {
    name: "outdated pods are replaced before a StatefulSet is scaled down",
    apply(batch, context) {
      if (batch.every(isInTheWay(context))) return { keep: batch };
      const names = [...new Set(context.outdated.filter(({ part }) => !part.paused).map(({ part }) => part.name))];
      if (names.length === 0) return { keep: batch };
      return waiting("WaitingForRollout", `Pods of ${names.join(", ")} are being replaced first.`);
    },
  },
  {
    name: "deletes of ours are over before a StatefulSet is scaled down",
    apply(batch, { deleting }) {
      if (deleting === 0) return { keep: batch };
      return waiting("WaitingForPods", `${deleting} pods that were deleted are not back yet.`);
    },
  },
  {
    name: "the scale-down before is over before a StatefulSet is scaled down again",
    apply(batch, { zones }) {
      const name = batch[0]?.part.name;
      const parts = zones.flatMap((zone) => zone.parts.filter((part) => part.name === name));
      const left = parts.flatMap(({ statefulSet, pods }) =>
        pods.filter(({ ordinal }) => ordinal >= endOrdinal(statefulSet)).map((pod) => pod.name),
      );
      if (left.length > 0) return waiting("WaitingForPods", `Pods scaled away are not gone yet: ${listed(left)}.`);
      const { spec, status } = parts[0]?.statefulSet ?? {};
      const { replicas: wanted = 1 } = spec ?? {};
      const { replicas = 0 } = status ?? {};
      if (replicas <= wanted) return { keep: batch };
      return waiting("WaitingForPods", `${name} has ${replicas} pods still, ${wanted} are wanted.`);
    },
  },
  {
    name: "no zone is scaled down while another one is unready",
    apply(batch, { zones }) {
      const [first] = batch;
      const others = zones.filter(({ name, unready }) => name !== first?.zone.name && unready.length > 0);
      if (first === undefined || others.length === 0) return { keep: batch };
      const troubles = others.map(({ name, unready }) => `${name} (${unready.slice(0, 6).join(", ")})`);
      return waiting(
        "WaitingForZone",
        `Zone ${first.zone.name} is scaled down once the others are Ready: ${troubles.join("; ")}.`,
      );
    },
  },
];

const ASKING: readonly SafetyRule[] = [...GATE_RULES, CONTROLLERS_RULE];

/** Every rule for a scale-down, in the order they are asked. Nothing is asked outside the group for one that waits for it anyway. */
export const SCALE_DOWN_RULES: readonly ScaleRule[] = [
  ...SAFETY_RULES.filter((rule) => !ABOUT_REPLACING.includes(rule.name) && !ASKING.includes(rule)),
  ...OWN_RULES,
  ...ASKING,
];

/**
 * The pods that go now: all of them, or the last ones that stand in the way of the outdated pods for which the others wait.
 * `hold` tells why they have to stay; undefined when they may go.
 */
export function goNow(
  all: readonly Candidate[],
  context: ScaleContext,
): { going: readonly Candidate[]; hold: Hold | undefined } {
  const hold = holdScaleDown(all, context);
  const inTheWay = isInTheWay(context);
  const stays = all.findIndex((each) => !inTheWay(each));
  const going = all.slice(0, Math.max(0, stays));
  if (hold?.reason !== "WaitingForRollout" || going.length === 0) return { going: all, hold };
  return { going, hold: holdScaleDown(going, context) };
}

/** All of them or none. */
function holdScaleDown(going: readonly Candidate[], context: ScaleContext): Hold | undefined {
  for (const rule of SCALE_DOWN_RULES) {
    const { keep, hold } = rule.apply(going, context);
    if (keep.length < going.length) return hold ?? waiting("WaitingForZone", `Not now: ${rule.name}.`).hold;
  }
  return undefined;
}
