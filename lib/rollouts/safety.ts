import { BATCH_RULES } from "./safety-batch.ts";
import { CONTROLLERS_RULE } from "./safety-controllers.ts";
import { GATE_RULES } from "./safety-gates.ts";
import { REFUSALS } from "./safety-refusals.ts";
import type { Candidate, Hold, SafetyContext, SafetyRule } from "./safety-rule.ts";

/** Every safety rule, in the order they are asked. The first hold is the one that is told. */
export const SAFETY_RULES: readonly SafetyRule[] = [...REFUSALS, ...BATCH_RULES, ...GATE_RULES, CONTROLLERS_RULE];

/** Sends the candidates through every rule. */
export function filterBatch(
  candidates: readonly Candidate[],
  context: SafetyContext,
): { batch: readonly Candidate[]; hold: Hold | undefined } {
  let batch = candidates;
  let hold: Hold | undefined;
  for (const rule of SAFETY_RULES) {
    const result = rule.apply(batch, context);
    batch = result.keep;
    hold ??= result.hold;
  }
  return { batch, hold };
}
