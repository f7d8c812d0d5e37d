import { type Case, openCase } from "./case.ts";
import type { Stage } from "./environment.ts";
import type { GroupOptions } from "./groups.ts";

/** Longest time from the change of the templates to the end of a rollout. */
export const DONE_MS = 420_000;
/** Longest time until a process of the hub comes past an armed fault point. */
export const STRUCK_MS = 200_000;

/** Opens a case, runs it, and says how it went, whatever comes of it. */
export async function play(stage: Stage, options: GroupOptions, run: (one: Case) => Promise<void>): Promise<void> {
  const one = await openCase(stage, options);
  try {
    await run(one);
  } finally {
    await one.close();
  }
}
