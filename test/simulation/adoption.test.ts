import { describe, expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { mark } from "./calamities.ts";
import { Scenario } from "./scenario.ts";

const BEFORE = { type: "RollingUpdate" as const, rollingUpdate: { partition: 2 } };
const ADOPT = { adoptStrategy: "OnDelete" };

/** A group of which one StatefulSet is RollingUpdate; its own controller rolls nothing here (partition). */
function mixed(spec: Record<string, unknown>): Scenario {
  const scenario = new Scenario({ spec });
  const statefulSet = scenario.model.find<StatefulSet>("statefulsets", "ingester-zone-b");
  if (statefulSet === undefined) throw new Error("no such StatefulSet");
  scenario.model.put("statefulsets", { ...statefulSet, spec: { ...statefulSet.spec, updateStrategy: BEFORE } });
  return scenario;
}

const strategies = (scenario: Scenario) =>
  scenario.model.all<StatefulSet>("statefulsets").map(({ spec }) => spec.updateStrategy);
const annotations = (scenario: Scenario) =>
  scenario.model.all<StatefulSet>("statefulsets").map(({ metadata }) => metadata.annotations ?? {});

describe("adopting a strategy", () => {
  test("makes every member OnDelete, rolls, and gives the strategy back when the resource goes", async () => {
    const scenario = mixed(ADOPT);
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.hub.outcomes[3]).toMatchObject({ kind: "AdoptStrategy", object: "mimir/ingester-zone-b" });
    expect(strategies(scenario)).toEqual(Array(3).fill({ type: "OnDelete" }));
    expect(scenario.invariants.violations).toEqual([]);
    scenario.model.remove("multiazrollouts", "ingesters");
    await scenario.clock.run(() => false, 60_000);
    expect(strategies(scenario)).toEqual([{ type: "OnDelete" }, BEFORE, { type: "OnDelete" }]);
    expect(annotations(scenario)).toEqual([{}, {}, {}]);
  });

  test("happens before there is anything to roll", async () => {
    const scenario = mixed(ADOPT);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.hub.last?.status.phase === "Idle", 60_000);
    expect(strategies(scenario)).toEqual(Array(3).fill({ type: "OnDelete" }));
    expect(scenario.invariants.deletes).toBe(0);
  });

  test("leaves a strategy that people have changed since as it is", async () => {
    const scenario = mixed(ADOPT);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.hub.last?.status.phase === "Idle", 60_000);
    scenario.model.remove("multiazrollouts", "ingesters");
    const statefulSet = scenario.model.find<StatefulSet>("statefulsets", "ingester-zone-b");
    const own = { type: "RollingUpdate" as const };
    if (statefulSet !== undefined)
      scenario.model.put("statefulsets", { ...statefulSet, spec: { ...statefulSet.spec, updateStrategy: own } });
    await scenario.clock.run(() => false, 60_000);
    expect(strategies(scenario)[1]).toEqual(own);
    expect(annotations(scenario)).toEqual([{}, {}, {}]);
  });

  test("is not done where it was not asked for", async () => {
    const scenario = mixed({});
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => false, 60_000);
    expect(scenario.hub.last?.status).toMatchObject({
      phase: "Refused",
      conditions: [{ reason: "NotOnDelete" }, {}, {}, {}],
    });
    expect(scenario.invariants.deletes).toBe(0);
  });
});

test("a StatefulSet that joins the group in the midst of a pass is seen with its pods", async () => {
  const scenario = new Scenario({ replicas: 5 });
  mark(scenario.model, "ingester-zone-c", "labels", { group: undefined });
  scenario.changeTemplates("new");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
  await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
  mark(scenario.model, "ingester-zone-c", "labels", { group: "ingester" });
  expect(await scenario.runUntilCompleted("new")).toBe(true);
  expect(scenario.invariants.deletes).toBe(15);
  expect(scenario.invariants.violations).toEqual([]);
  const told = scenario.hub.saved.flatMap(({ zones }) => zones.flatMap(({ unready = [] }) => unready));
  expect(told.filter((why) => why.includes("missing"))).toEqual([]);
});
