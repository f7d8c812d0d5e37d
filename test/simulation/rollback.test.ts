import { describe, expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { Scenario } from "./scenario.ts";

async function stalled(): Promise<Scenario> {
  const scenario = new Scenario({ spec: { progressDeadlineSeconds: 120, onStall: "Rollback" } });
  scenario.changeTemplates("bad", "crash");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
  return scenario;
}
const reason = (scenario: Scenario) => scenario.hub.last?.status.conditions[0]?.reason;

describe("a rollback", () => {
  test("restores every template, replaces the broken pods, and ends with every pod as before", async () => {
    const scenario = await stalled();
    expect(await scenario.runUntilCompleted("old")).toBe(true);
    expect(reason(scenario)).toBe("RolledBack");
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.deletes).toBe(2);
    expect(scenario.hub.events.map(({ detailType }) => detailType)).toContain("Rollout Rolled Back");
    await expect(scenario.transcript).toMatchFileSnapshot("../golden/rollback.txt");
  });

  test("is not undone by whatever applies the bad template again", async () => {
    const scenario = await stalled();
    await scenario.runUntilCompleted("old");
    scenario.changeTemplates("bad", "crash");
    await scenario.clock.run(() => false, 300_000);
    expect(scenario.hub.last?.status.phase).toBe("Stalled");
    expect(reason(scenario)).toBe("TemplateRejected");
    expect(scenario.invariants.deletes).toBe(2);
    scenario.changeTemplates("good");
    expect(await scenario.runUntilCompleted("good")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("gives way to a template that people put in meanwhile", async () => {
    const scenario = await stalled();
    const template = () => scenario.model.find<StatefulSet>("statefulsets", "ingester-zone-a")?.spec.template;
    await scenario.clock.run(() => template()?.metadata?.annotations?.["revision"] === "old", 600_000);
    scenario.changeTemplates("good");
    expect(await scenario.runUntilCompleted("good")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(reason(scenario)).toBe("Completed");
  });

  test("that finds no revision to go back to holds and says so", async () => {
    const scenario = await stalled();
    scenario.model.remove("controllerrevisions", "old");
    await scenario.clock.run(() => false, 300_000);
    expect(reason(scenario)).toBe("WriteRefused");
    expect(scenario.hub.last?.status.conditions[0]?.message).toContain("ControllerRevision old is gone");
    scenario.changeTemplates("good");
    expect(await scenario.runUntilCompleted("good")).toBe(true);
  });
});
