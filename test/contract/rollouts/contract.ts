import { join } from "node:path";
import { afterAll, beforeAll, describe, test, vi } from "vitest";
import { GOLDENS, playGolden } from "./goldens.ts";
import type { Stage } from "./stage.ts";

const GOLDEN_FOLDER = join(import.meta.dirname, "../../golden");

/** Rollouts by our reconciler over an API server with the shipped roles; run on the embedded one and on the real one. */
export function rolloutContract(open: () => Promise<Stage>): void {
  let stage: Stage;
  vi.setConfig({ maxConcurrency: 12 });
  beforeAll(async () => {
    stage = await open();
  });
  afterAll(async () => stage?.close());

  describe.concurrent("whole rollouts", () => {
    test.for(GOLDENS)("$title", { timeout: 240_000 }, async (golden, { expect }) => {
      const transcript = await playGolden(stage, golden);
      await expect(transcript).toMatchFileSnapshot(join(GOLDEN_FOLDER, golden.file));
    });
  });
}
