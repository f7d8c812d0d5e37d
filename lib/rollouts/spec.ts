import * as z from "zod";
import type { LabelSelector } from "../kubernetes/objects.ts";
import { selectorProblems } from "../kubernetes/selectors.ts";
import { Gate, gateProblems } from "./gates.ts";
import { describeIssue, type Problem } from "./problems.ts";
import type { SpecReason } from "./reason.ts";

const Requirement = z.strictObject({
  key: z.string().min(1),
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
  values: z.array(z.string()).optional(),
});

const Selector = z.strictObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z.array(Requirement).optional(),
});

const seconds = (description: string) => z.int().min(0).describe(description);

/** `maxUnavailable` as written: a whole number from 1, or a whole percentage from 1% to 100%. */
export const MaxUnavailable = z.union([z.int().min(1), z.string().regex(/^([1-9]\d?|100)%$/)]);
export type MaxUnavailable = z.infer<typeof MaxUnavailable>;

const RollingUpdate = z.strictObject({
  maxUnavailable: MaxUnavailable.default(1).describe(
    "Pods of one zone that may be unavailable: a number, or a percentage of the StatefulSet's replicas, rounded down and never under 1. A StatefulSet's own annotation rollout-max-unavailable wins.",
  ),
  intervalSeconds: seconds(
    "Least time between two batches of deletes, seconds; 0 = as soon as the budget allows.",
  ).default(30),
  azTopologyKey: z.string().min(1).default("topology.kubernetes.io/zone").describe("Node label naming the zone."),
});

const Strategy = z.strictObject({
  type: z
    .enum(["Sliding", "Exponential"])
    .default("Sliding")
    .describe(
      "Sliding: a place is used again as soon as its pod is available. Exponential: one pod, then each batch larger by `factor` up to maxUnavailable, and none before the last is available.",
    ),
  factor: z.number().gt(1).max(10).default(2).describe("How much larger each batch is, with Exponential."),
});

/** `spec` of a MultiAZRollout (rollout.grafana.com/v1alpha1). Unknown fields are refused. */
export const MultiAZRolloutSpec = z.strictObject({
  statefulSetSelector: Selector.describe("Which StatefulSets of the namespace are rolled together. Must not be empty."),
  rollingUpdate: RollingUpdate.prefault({}),
  azOrder: z
    .array(z.string().min(1))
    .default([])
    .describe("Zones in the order they are worked on; zones not listed come after, alphabetically."),
  namespace: z.string().optional().describe("The resource's own namespace; any other is refused."),
  paused: z.boolean().default(false).describe("Stops the rollout before its next batch."),
  pauseAfterZone: z
    .boolean()
    .default(false)
    .describe(
      "Stops after each zone until a person approves: with `outrigger rollout approve`, or with the annotation outrigger.dev/approve and the token that status.approval names.",
    ),
  zoneSoakSeconds: seconds("Wait after a zone is complete and Ready before the next one starts, seconds.").default(0),
  minReadySeconds: seconds("How long a pod must be Ready to count as available, seconds.").default(0),
  progressDeadlineSeconds: z
    .int()
    .min(1)
    .default(1800)
    .describe("Time without progress after which the rollout is Stalled, seconds."),
  gates: z
    .array(Gate)
    .max(20)
    .default([])
    .describe("Asked before every batch, the first included; an answer holds for 10 s. All must be open."),
  ignoreGates: z
    .boolean()
    .default(false)
    .describe("Goes on whatever the gates say. An active zonal shift of the cluster still holds."),
  onStall: z
    .enum(["Hold", "Rollback"])
    .default("Hold")
    .describe(
      "What a stalled rollout does: hold, or give every member the template back that it had when the rollout started and roll to it, newest pods first. The template that stalled is not tried again until it changes.",
    ),
  strategy: Strategy.prefault({}).describe("How batches follow each other within a zone."),
  adoptStrategy: z
    .enum(["Refuse", "OnDelete"])
    .default("Refuse")
    .describe(
      "What to do with a StatefulSet whose updateStrategy is not OnDelete: refuse the whole group, or set OnDelete before anything else and give the former strategy back when the resource goes (Kubernetes then rolls pods that are outdated at that moment by itself).",
    ),
});
export type RolloutSpec = z.output<typeof MultiAZRolloutSpec>;

export type ParsedSpec = { ok: true; spec: RolloutSpec } | { ok: false; reason: SpecReason; problems: Problem[] };

/**
 * Reads the spec of a MultiAZRollout in `namespace`.
 * @returns the spec with its defaults, or every problem with path, cause and next step.
 */
export function parseSpec(raw: unknown, namespace: string): ParsedSpec {
  const parsed = MultiAZRolloutSpec.safeParse(raw ?? {});
  const invalid = parsed.success
    ? wrongTogether(parsed.data)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, raw));
  if (invalid.length > 0) return { ok: false, reason: "InvalidSpec", problems: invalid };
  if (!parsed.success) throw new Error("unreachable: a failed parse has issues");
  const { data } = parsed;
  if (data.namespace !== undefined && data.namespace !== namespace) {
    return { ok: false, reason: "NamespaceMismatch", problems: [namespaceProblem(data.namespace, namespace)] };
  }
  return { ok: true, spec: data };
}

/** @returns the selector as the API client takes it. */
export function selectorOf(spec: RolloutSpec): LabelSelector {
  const { matchLabels, matchExpressions } = spec.statefulSetSelector;
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined
      ? {}
      : {
          matchExpressions: matchExpressions.map(({ key, operator, values }) =>
            values === undefined ? { key, operator } : { key, operator, values },
          ),
        }),
  };
}

function namespaceProblem(named: string, own: string): Problem {
  return {
    path: "spec.namespace",
    cause: `it names namespace ${named}, but the resource is in ${own}`,
    nextStep: `remove the field, or create the resource in namespace ${named}`,
  };
}

function wrongTogether(spec: RolloutSpec): Problem[] {
  const { matchLabels = {}, matchExpressions = [] } = spec.statefulSetSelector;
  const problems: Problem[] = gateProblems(spec.gates);
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) {
    problems.push({
      path: "spec.statefulSetSelector",
      cause: "it is empty and would select every StatefulSet of the namespace",
      nextStep: "name at least one label in matchLabels or matchExpressions",
    });
  }
  for (const cause of selectorProblems(selectorOf(spec))) {
    problems.push({ path: "spec.statefulSetSelector", cause, nextStep: "correct the selector" });
  }
  if (spec.progressDeadlineSeconds <= spec.minReadySeconds) {
    problems.push({
      path: "spec.progressDeadlineSeconds",
      cause: `${spec.progressDeadlineSeconds} is not more than minReadySeconds (${spec.minReadySeconds}), so every batch would stall`,
      nextStep: "set it well above minReadySeconds",
    });
  }
  return problems;
}
