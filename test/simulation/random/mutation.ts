import { SAFETY_RULES } from "../../../lib/rollouts/safety.ts";
import type { SafetyRule } from "../../../lib/rollouts/safety-rule.ts";
import type { Setting } from "./draw.ts";
import type { Kind } from "./kinds.ts";
import type { Bend } from "./surroundings.ts";

/** A bug put in on purpose. */
export interface Mutation {
  bend?: Bend;
  /** Puts it in. @returns what takes it out again. */
  apply?: () => () => void;
  /** Settings in which it can do harm; the others need not be tried. */
  among?: (setting: Setting) => boolean;
}

/** Puts another rule, or none, in the place of one. */
export function instead<R extends { name: string }>(
  name: string,
  make: (rule: R) => R,
  all: readonly R[] = SAFETY_RULES as unknown as readonly R[],
): () => () => void {
  return () => {
    const rules = all as R[];
    const index = rules.findIndex((rule) => rule.name === name);
    const rule = rules[index];
    if (rule === undefined) throw new Error(`there is no rule "${name}"`);
    rules[index] = make(rule);
    return () => {
      rules[index] = rule;
    };
  };
}

export const without = (name: string, among?: Mutation["among"]): Mutation => ({
  apply: instead<SafetyRule>(name, () => ({ name, apply: (batch) => ({ keep: batch }) })),
  ...(among === undefined ? {} : { among }),
});

export const befallen =
  (...kinds: Kind[]) =>
  ({ faults }: Setting): boolean =>
    faults.some(({ kind }) => kinds.includes(kind));
