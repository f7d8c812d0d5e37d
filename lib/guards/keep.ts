import type { KubernetesClient, ObjectName } from "../kubernetes/client.ts";
import { STATEFUL_SETS } from "../kubernetes/types.ts";
import type { ActionOutcome, ActionRecord } from "../work/reconciler.ts";
import { ForeignGuardError } from "./errors.ts";
import { installGuard, removeGuard } from "./execute.ts";
import { NO_DOWNSCALE_LABEL, NO_DOWNSCALE_POLICY } from "./names.ts";
import { definitionOf, type GuardScope, noDownscaleGuard } from "./no-downscale.ts";
import { type GuardMemory, planGuard } from "./plan.ts";
import { type GuardFinding, guarded, isForbidden, unguarded } from "./status.ts";

/** One look at a cluster's guard. */
export interface GuardLook {
  /** The registration is for rollouts; without, a guard that is still there goes. */
  wanted: boolean;
  memory: GuardMemory | undefined;
  nowMs: number;
  mayWrite: () => boolean;
  /** Saves, before the first write, what is about to be there. */
  intend: (action: ActionRecord, memory: GuardMemory) => Promise<void>;
}

/** What a look came to. */
export interface GuardFacts {
  memory?: GuardMemory;
  /** Absent where there is nothing to guard. */
  finding?: GuardFinding;
  /** Of what was intended. */
  outcome?: ActionOutcome;
}

/** As audit rows name it. */
const INSTALL: ActionRecord = { kind: "InstallGuard", object: NO_DOWNSCALE_POLICY, reason: "Labelled" };

/**
 * Keeps the guard `no-downscale` of a cluster in step with the labels: there as long as a StatefulSet carries one, gone when
 * none does. Costs one metadata LIST, writes only what changed, and reads the guard every five minutes.
 */
export async function keepGuard(client: KubernetesClient, scope: GuardScope, look: GuardLook): Promise<GuardFacts> {
  const { memory, nowMs, mayWrite } = look;
  if (!look.wanted && memory === undefined) return {};
  const checked: GuardMemory = { checkedAt: new Date(nowMs).toISOString() };
  // Undefined until the list came: a cluster that cannot be listed is no cluster without labels.
  let labelled: Required<ObjectName>[] | undefined;
  let remembered = memory;
  let begun = false;
  try {
    labelled = look.wanted ? await listLabelled(client, scope.namespaces) : [];
    const finding = labelled.length === 0 ? {} : { finding: guarded(labelled.length) };
    const guard = noDownscaleGuard(scope, labelled);
    const definition = definitionOf(guard);
    const plan = planGuard({ protectedSets: labelled.length, definition, memory, nowMs });
    if (plan === "rest") return { ...(memory === undefined ? {} : { memory }), ...finding };
    if (plan === "remove") {
      await removeGuard(client, guard, mayWrite);
      return { memory: checked };
    }
    // Whatever comes of it, it is looked at again.
    remembered = { definition: memory?.definition ?? "", checkedAt: new Date(0).toISOString() };
    begun = memory?.definition === undefined;
    if (begun) await look.intend(INSTALL, remembered);
    await installGuard(client, guard, mayWrite);
    return {
      memory: { ...checked, definition },
      ...finding,
      ...(begun ? { outcome: { ...INSTALL, result: "done" } } : {}),
    };
  } catch (error) {
    const finding = unguarded(error, scope.cluster, labelled?.length);
    if (finding === undefined) throw error;
    // Nothing to guard, and nothing of ours that is known of: what is another's, or may not be read, is nobody's trouble.
    const ours = error instanceof ForeignGuardError ? "" : (memory?.definition ?? "");
    if (labelled?.length === 0 && ours === "" && (error instanceof ForeignGuardError || isForbidden(error)))
      return { memory: checked };
    return {
      ...(remembered === undefined ? {} : { memory: remembered }),
      finding,
      ...(begun ? { outcome: { ...INSTALL, result: "failed", message: finding.message } } : {}),
    };
  }
}

async function listLabelled(client: KubernetesClient, namespaces: readonly string[]): Promise<Required<ObjectName>[]> {
  const scopes = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const lists = await Promise.all(
    scopes.map((scope) =>
      client.list(STATEFUL_SETS, { ...scope, labelSelector: `${NO_DOWNSCALE_LABEL}=true`, as: "metadata" }),
    ),
  );
  return lists.flatMap(({ items }) => items.map(({ metadata: { namespace = "", name } }) => ({ namespace, name })));
}
