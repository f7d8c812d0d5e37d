import { toAdopt } from "./adoption.ts";
import { claimOf } from "./claim.ts";
import type { Hold, SafetyContext, SafetyRule } from "./safety-rule.ts";

/** Holds the whole group when `find` returns a message. */
function refusal(
  name: string,
  hold: Pick<Hold, "phase" | "reason">,
  find: (context: SafetyContext) => string | undefined,
): SafetyRule {
  return {
    name,
    apply(batch, context) {
      const message = find(context);
      if (message === undefined) return { keep: batch };
      return { keep: [], hold: { ...hold, message, clockRuns: false, everything: true } };
    },
  };
}

const statefulSetsOf = ({ zones }: SafetyContext) =>
  zones.flatMap(({ parts }) => parts.map(({ statefulSet }) => statefulSet));

/** What keeps the whole group untouched, whether or not anything is outdated. */
export const REFUSALS: readonly SafetyRule[] = [
  refusal("the selector matches nothing", { phase: "Idle", reason: "NoStatefulSets" }, (context) =>
    context.zones.length > 0
      ? undefined
      : "No StatefulSet of this namespace matches statefulSetSelector; create one with these labels, or correct the selector.",
  ),
  refusal("a StatefulSet is not OnDelete", { phase: "Refused", reason: "NotOnDelete" }, (context) => {
    if (context.spec.adoptStrategy === "OnDelete") return undefined;
    const others = statefulSetsOf(context).filter(({ spec }) => spec.updateStrategy?.type !== "OnDelete");
    if (others.length === 0) return undefined;
    const named = others.map(
      ({ metadata, spec }) => `${metadata.name} (${spec.updateStrategy?.type ?? "RollingUpdate"})`,
    );
    return `updateStrategy is not OnDelete on ${named.join(", ")}, so Kubernetes would roll these pods by itself and nothing of the group is touched; set spec.updateStrategy.type to OnDelete, or let Outrigger do so with adoptStrategy: OnDelete.`;
  }),
  refusal("a StatefulSet is in no single zone", { phase: "Refused", reason: "ZoneConflict" }, ({ zoneConflicts }) =>
    zoneConflicts.length === 0 ? undefined : `${zoneConflicts.join("; ")}.`,
  ),
  refusal("another owner holds a claim", { phase: "Held", reason: "Overlap" }, (context) => {
    const claims = statefulSetsOf(context).flatMap((statefulSet) => {
      const claim = claimOf(statefulSet);
      return claim === undefined || claim === context.owner ? [] : [`${statefulSet.metadata.name} by ${claim}`];
    });
    if (claims.length === 0) return undefined;
    return `Claimed already: ${claims.join(", ")}; select different StatefulSets, or delete that resource (if it is gone for good, remove the annotation outrigger.dev/rollout).`;
  }),
  refusal("a controller in the cluster could act too", { phase: "Held", reason: "ForeignController" }, (context) =>
    context.foreignController === undefined
      ? undefined
      : `${context.foreignController} could act on this group as well; scale it to 0 replicas.`,
  ),
  refusal("a StatefulSet is made OnDelete first", { phase: "Progressing", reason: "AdoptingStrategy" }, (context) => {
    const names = toAdopt(statefulSetsOf(context), context.spec).map(({ metadata }) => metadata.name);
    if (names.length === 0) return undefined;
    return `updateStrategy of ${names.join(", ")} becomes OnDelete before anything else; it is given back when the resource goes.`;
  }),
];
