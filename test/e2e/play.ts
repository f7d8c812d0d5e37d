import { type Case, openCase } from "./case.ts";
import type { Stage } from "./environment.ts";
import type { GroupOptions } from "./groups.ts";

/** Longest time from the change of the templates to the end of a rollout. */
export const DONE_MS = 420_000;
/** Ready after this, a rollout lasts longer than one pass: a pass ends in the middle of it. */
export const SLOW = "1500ms";

/** Opens a case, runs it, and says how it went, whatever comes of it. */
export async function play(stage: Stage, options: GroupOptions, run: (one: Case) => Promise<void>): Promise<void> {
  const one = await openCase(stage, options);
  try {
    await run(one);
  } finally {
    await one.close();
  }
}
