import { describe, expect, test } from "vitest";
import { losePods } from "./calamities.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

/** A group whose template has changed, with a message on its way. */
async function started(options: ScenarioOptions = {}, behaviour: "ready" | "flap" = "ready"): Promise<Scenario> {
  const scenario = new Scenario({ ...options, hub: { tellPasses: true, ...options.hub } });
  scenario.model.befell = (what, pod) => scenario.log(`${pod} is not Ready any more (${what})`);
  scenario.changeTemplates("new", behaviour);
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
  return scenario;
}

/** Runs it to its end, with no promise broken and every pod deleted once. */
async function toItsEnd(scenario: Scenario, deletes: number): Promise<string> {
  expect(await scenario.runUntilCompleted("new")).toBe(true);
  expect(scenario.invariants.violations).toEqual([]);
  expect(scenario.invariants.deletes).toBe(deletes);
  return scenario.transcript;
}

describe("the story of a rollout", () => {
  test("in which a node does not answer: its zone comes first, and with two of them nothing is deleted", async () => {
    const scenario = await started({ replicas: 3, maxUnavailable: 2 });
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    const [first, second] = ["ingester-zone-b-1", "ingester-zone-c-2"] as const;
    const lose = (pod: string, forMs: number): void => {
      scenario.log(`node of ${pod} does not answer`);
      losePods(scenario.model, [pod], forMs);
      scenario.clock.after(forMs, () => scenario.log(`node of ${pod} answers again`));
    };
    scenario.clock.after(1_000, () => lose(first, 12_000));
    scenario.clock.after(1_500, () => lose(second, 20_000));
    await expect(await toItsEnd(scenario, 9)).toMatchFileSnapshot("../golden/node-loss.txt");
  });

  test("in which pods are Ready for a moment only: nobody is in a hurry", async () => {
    const spec = { minReadySeconds: 3 };
    const scenario = await started({ zones: ["zone-a", "zone-b"], replicas: 2, spec }, "flap");
    await expect(await toItsEnd(scenario, 4)).toMatchFileSnapshot("../golden/flapping-pods.txt");
  });

  test("in which one invocation hands over to the next", async () => {
    const scenario = await started({ zones: ["zone-a", "zone-b"], hub: { handoverMs: 7_000 } });
    await expect(await toItsEnd(scenario, 6)).toMatchFileSnapshot("../golden/hand-over.txt");
  });

  test("in which a worker is killed after a delete, and its message comes twice", async () => {
    const faults = [{ point: "after-delete", nth: 2, what: "kill" as const }];
    const scenario = await started({ zones: ["zone-a", "zone-b"], replicas: 2, hub: { faults } });
    for (const at of [1_000, 5_000]) scenario.clock.after(at, () => scenario.hub.post());
    await expect(await toItsEnd(scenario, 4)).toMatchFileSnapshot("../golden/kill-and-duplicate.txt");
  });
});
