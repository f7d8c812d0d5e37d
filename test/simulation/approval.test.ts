import { describe, expect, test } from "vitest";
import type { MultiAZRollout } from "../../lib/rollouts/observation.ts";
import { recreateStatefulSet } from "./calamities.ts";
import { Scenario } from "./scenario.ts";

/** Annotates the resource with the token its status asks for. */
function approve(scenario: Scenario): void {
  const resource = scenario.model.find<MultiAZRollout>("multiazrollouts", "ingesters");
  const { token } = (resource?.status?.["approval"] ?? {}) as { token?: string };
  if (resource === undefined || token === undefined) throw new Error("nothing is asked for");
  const annotations = { "outrigger.dev/approve": token };
  scenario.model.put("multiazrollouts", { ...resource, metadata: { ...resource.metadata, annotations } });
}

const started = async (scenario: Scenario): Promise<void> => {
  scenario.changeTemplates("new");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
};

describe("a rollout that asks", () => {
  test("stops after each zone until a person approves", async () => {
    const scenario = new Scenario({ spec: { pauseAfterZone: true } });
    await started(scenario);
    for (const deletes of [3, 6]) {
      await scenario.clock.run(() => false, 120_000);
      expect(scenario.invariants.deletes).toBe(deletes);
      expect(scenario.hub.last?.status.conditions[0]).toMatchObject({ reason: "ApprovalNeeded" });
      approve(scenario);
    }
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    const { status } = scenario.model.find<MultiAZRollout>("multiazrollouts", "ingesters") ?? {};
    expect(status?.["approval"]).toBeUndefined();
  });

  test("goes on with a member created again once a person accepts it", async () => {
    const scenario = new Scenario();
    await started(scenario);
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    recreateStatefulSet(scenario.model, "ingester-zone-c", 3_000);
    await scenario.clock.run(() => false, 120_000);
    expect(scenario.hub.last?.status.conditions[0]?.reason).toBe("MembershipChanged");
    approve(scenario);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });
});
