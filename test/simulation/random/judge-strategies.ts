import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import type { Facts } from "./facts.ts";
import type { OwnWrite } from "./surroundings.ts";

const KEPT = "outrigger.dev/adopted-strategy";
const CLAIM = "outrigger.dev/rollout";

/**
 * @param knownAt nobody need know what has changed since.
 * @returns what a write of ours to a StatefulSet breaks about its strategy; undefined when nothing.
 */
export function strategyTrouble(facts: Facts, { before, after }: OwnWrite, knownAt: number): string | undefined {
  const [then, now] = [before, after] as (StatefulSet | undefined)[];
  const [was, is] = [then, now].map((each) => JSON.stringify(each?.spec.updateStrategy));
  if (then === undefined || now === undefined || was === is) return undefined;
  const { name, annotations = {} } = now.metadata;
  if (now.spec.updateStrategy?.type === "OnDelete") {
    const wanted = [...facts.adopts.values()].some((history) => history.from(knownAt).includes(true));
    if (!wanted) return `${name} was made OnDelete where nobody wants that`;
    return annotations[KEPT] === was ? undefined : `the strategy ${name} had, ${was}, was not kept`;
  }
  if (annotations[CLAIM] !== undefined) return `${name} was given its strategy back and is still claimed`;
  return then.metadata.annotations?.[KEPT] === is ? undefined : `${name} was given ${is}, which it never had`;
}

/** @returns why a pod may not be deleted: a StatefulSet of the group is known to be replaced by its own controller. */
export function strategyHolds(
  { onDelete }: Facts,
  pod: string,
  knownAt: number,
  strangers: ReadonlySet<string>,
): string[] {
  return [...onDelete]
    .filter(([name, { now, since }]) => now === false && since < knownAt && !strangers.has(name))
    .map(([name]) => `${pod} was deleted while ${name} was not OnDelete`);
}
