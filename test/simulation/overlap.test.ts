import { expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { mark } from "./calamities.ts";
import type { ClientOptions } from "./client-options.ts";
import { Scenario } from "./scenario.ts";

/** Two resources over the same two StatefulSets, each of which keeps the claim of one, as lost replies may leave it. */
function eachKeepsOne(template: string | undefined, client: ClientOptions = {}) {
  const scenario = new Scenario({ zones: ["zone-a", "zone-b"], hub: { client } });
  const { model } = scenario;
  model.addResource("others", scenario.spec);
  const others = scenario.addHub({ name: "others" });
  const claim = (owner: string) => ({ "outrigger.dev/rollout": `hub.prod/mimir/${owner}` });
  mark(model, "ingester-zone-a", "annotations", claim("others"));
  mark(model, "ingester-zone-b", "annotations", claim("ingesters"));
  if (template !== undefined) scenario.changeTemplates(template);
  const claims = (): (string | undefined)[] =>
    model.all<StatefulSet>("statefulsets").map(({ metadata }) => metadata.annotations?.["outrigger.dev/rollout"]);
  return { scenario, others, claims };
}

test("of two resources that keep a part of the group each, one gets all of it and rolls it out", async () => {
  const { scenario, others, claims } = eachKeepsOne("new");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
  others.post();
  expect(await scenario.clock.run(() => scenario.isRolledOut("new"), 600_000)).toBe(true);
  expect(scenario.invariants).toMatchObject({ violations: [], deletes: 6 });
  expect(new Set(claims()).size).toBe(1);
});

test("a resource with nothing to do gives back a part it keeps, for whoever has", async () => {
  const { scenario, claims } = eachKeepsOne(undefined);
  scenario.hub.post();
  await scenario.clock.run(() => scenario.hub.results.length === 2, 60_000);
  expect(claims()).toEqual(["hub.prod/mimir/others", undefined]);
  expect(scenario.hub.last?.status.conditions[0]).toMatchObject({ reason: "Overlap" });
  expect(scenario.hub.recorded).toEqual([]);
});

test("a claim that is gone while the watch lags is not given back again and again", async () => {
  let reads = 0;
  const { scenario } = eachKeepsOne(undefined, {
    watchLagMs: () => 15_000,
    disturb: (verb, { kind }) => {
      if (verb !== "get" || kind !== "StatefulSet") return undefined;
      reads += 1;
      if (reads === 1) mark(scenario.model, "ingester-zone-b", "annotations", { "outrigger.dev/rollout": "" });
      return undefined;
    },
  });
  scenario.hub.post();
  await scenario.clock.run(() => scenario.hub.results.length > 0, 60_000);
  expect(scenario.hub.last?.status.conditions[0]).toMatchObject({ reason: "Overlap" });
  expect(reads).toBeLessThan(30);
});
