import { join } from "node:path";
import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { GOLDENS, playGolden } from "./goldens.ts";
import { playSituation } from "./play-situation.ts";
import type { Situation } from "./situation.ts";
import { GATE_SITUATIONS } from "./situations/gates.ts";
import { GROUP_SITUATIONS } from "./situations/group.ts";
import { MEMBER_SITUATIONS } from "./situations/members.ts";
import { POD_SITUATIONS } from "./situations/pods.ts";
import type { Stage } from "./stage.ts";

const GOLDEN_FOLDER = join(import.meta.dirname, "../../golden");

const SITUATIONS: readonly Situation[] = [
  ...GATE_SITUATIONS,
  ...POD_SITUATIONS,
  ...MEMBER_SITUATIONS,
  ...GROUP_SITUATIONS,
];

/** Rollouts by our reconciler over an API server with the shipped roles; run on the embedded one and on the real one. */
export function rolloutContract(open: () => Promise<Stage>): void {
  let stage: Stage;
  vi.setConfig({ maxConcurrency: 16 });
  beforeAll(async () => {
    stage = await open();
  });
  afterAll(async () => stage?.close());

  describe.concurrent("whole rollouts", () => {
    test.for(GOLDENS)("$title", { timeout: 300_000 }, async (golden, { expect }) => {
      const transcript = await playGolden(stage, golden);
      await expect(transcript).toMatchFileSnapshot(join(GOLDEN_FOLDER, golden.file));
    });
  });

  describe.concurrent("the group is safe, and one condition says why:", () => {
    const rows = SITUATIONS.map((situation, index) => ({ ...situation, namespace: `situation-${index + 1}` }));
    test.for(rows)("$title", { timeout: 240_000 }, (row) => playSituation(stage, row, row.namespace));
  });
}
