import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Case, openCase } from "./case.ts";
import { openStage, type Stage } from "./environment.ts";
import { arm, armAgainAndAgain } from "./faults.ts";

const DONE_MS = 400_000;
const STRUCK_MS = 150_000;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(async () => {
  await stage?.stop();
});

/** Opens a case, runs it, and says how it went, whatever comes of it. */
async function play(options: Parameters<typeof openCase>[1], run: (one: Case) => Promise<void>): Promise<void> {
  const one = await openCase(stage, options);
  try {
    await run(one);
  } finally {
    await one.close();
  }
}

describe.concurrent("a worker killed at a fault point: another one ends the rollout as if nothing had been", () => {
  test("send-take: the message has arrived, nobody has taken the work", () =>
    play({ name: "send-take" }, async (one) => {
      await one.change();
      const fault = arm(stage.faultDirectory, "send-take", one.group.key());
      await fault.untilStruck(STRUCK_MS);
      await one.expectRolledOut(DONE_MS);
    }));

  test("take-pencil: taken, nothing saved yet", () =>
    play({ name: "take-pencil" }, async (one) => {
      await one.change();
      await arm(stage.faultDirectory, "take-pencil", one.group.key()).untilStruck(STRUCK_MS);
      await one.expectRolledOut(DONE_MS);
      expect(one.leases.recoveries()).toBeGreaterThanOrEqual(1);
    }));

  test("pencil-act: the delete is written down and was not done", () =>
    play({ name: "pencil-act" }, async (one) => {
      const fault = arm(stage.faultDirectory, "pencil-act", one.group.key());
      await one.change();
      await fault.untilStruck(STRUCK_MS);
      expect(one.deletes()).toEqual([]);
      await one.expectRolledOut(DONE_MS);
      expect(one.leases.recoveries()).toBeGreaterThanOrEqual(1);
    }));
});
