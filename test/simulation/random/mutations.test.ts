import { describe, expect, test } from "vitest";
import { drawSetting } from "./draw.ts";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { simulate } from "./simulate.ts";

/** So many simulations at most must show each bug. */
const SIMULATIONS = 150;

/** The first promise a bug breaks, in words; undefined when no simulation has seen it. */
async function firstBroken({ bend, apply, among = () => true }: Mutation): Promise<string | undefined> {
  const undo = apply?.();
  try {
    for (let seed = 1, tried = 0; tried < SIMULATIONS; seed++) {
      const setting = drawSetting(seed);
      if (!among(setting)) continue;
      tried++;
      const { problems } = await simulate(setting, bend);
      if (problems[0] !== undefined) return `seed ${seed}: ${problems[0]}`;
    }
    return undefined;
  } finally {
    undo?.();
  }
}

describe("the simulations see that", () => {
  test.each(Object.entries(MUTATIONS))("%s", { timeout: 120_000 }, async (_bug, mutation) => {
    expect(await firstBroken(mutation)).toMatch(/^seed \d+: /);
  });
});
