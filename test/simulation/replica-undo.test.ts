import { describe, expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { Ingesters } from "./ingesters.ts";

/** Zone a wants one pod of three, and its worker dies after both that go were prepared. */
async function killedAfterPrepare(): Promise<Ingesters> {
  const scenario = new Ingesters({ hub: { faults: [{ point: "after-prepare", nth: 1, what: "kill" }] } }, "0s");
  scenario.hub.post();
  await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
  scenario.want(1);
  await scenario.clock.run(() => scenario.story.some((line) => line.startsWith("fault")), 60_000);
  return scenario;
}

describe("pods that were prepared, when the template changes", () => {
  test("are told that they stay before they are replaced", async () => {
    const scenario = await killedAfterPrepare();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => scenario.story.some((line) => line.startsWith("delete")), 400_000);
    const { story } = scenario;
    const calls = story.slice(story.findIndex((line) => line.startsWith("fault")) + 1);
    expect(calls.slice(0, 2).toSorted()).toEqual(["DELETE zone-a-1", "DELETE zone-a-2"]);
    expect(calls[2]).toMatch(/^delete zone-a-/);
  });

  test("are not replaced while they do not hear it", async () => {
    const scenario = await killedAfterPrepare();
    scenario.pods.refusing.DELETE.add("ingester-zone-a-2");
    scenario.changeTemplates("new");
    const heard = () => scenario.story.filter((line) => line === "DELETE zone-a-2 refused").length;
    await scenario.clock.run(() => heard() === 2, 400_000);
    expect(heard()).toBe(2);
    expect(scenario.story.filter((line) => line.startsWith("delete"))).toEqual([]);
    scenario.pods.refusing.DELETE.clear();
    expect(await scenario.clock.run(() => scenario.are(1)() && scenario.isRolledOut("new"), 3_600_000)).toBe(true);
    expect(scenario.story.findIndex((line) => line === "DELETE zone-a-2")).toBeLessThan(
      scenario.story.findIndex((line) => line.startsWith("delete")),
    );
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.unprepared).toEqual([]);
    expect(scenario.pods.left).toEqual([]);
  });
});

test("pods that people scale away once they are prepared are not told to go on", async () => {
  const scenario = new Ingesters(
    {
      graceMs: [20_000, 20_000],
      hub: { faults: [{ point: "after-prepare", nth: 1, what: { freezeMs: 500 } }] },
    },
    "0s",
  );
  scenario.hub.post();
  await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
  scenario.want(2);
  await scenario.clock.run(() => scenario.story.some((line) => line.startsWith("fault")), 60_000);
  const before: StatefulSet = scenario.statefulSet("zone-a");
  scenario.model.changeStatefulSet(before as never, { ...before, spec: { ...before.spec, replicas: 2 } } as never);
  expect(await scenario.clock.run(scenario.are(2), 600_000)).toBe(true);
  expect(scenario.story.filter((line) => line.startsWith("DELETE"))).toEqual([]);
  expect(scenario.unprepared).toEqual([]);
  expect(scenario.invariants.violations).toEqual([]);
});

describe("pods that were prepared, when the resource is deleted", () => {
  test.each([
    { hears: true, result: "done" },
    { hears: false, result: "refused" },
  ])("are told that they stay before the claims go ($result)", async ({ hears, result }) => {
    const scenario = await killedAfterPrepare();
    if (!hears) scenario.pods.refusing.DELETE.add("ingester-zone-a-2");
    scenario.model.remove("multiazrollouts", "ingesters");
    await scenario.clock.run(() => scenario.hub.last?.status.phase === "Gone", 400_000);
    const { actions } = scenario.hub.last ?? { actions: [] };
    expect(actions[0]).toMatchObject({
      kind: "UndoPrepareDownscale",
      object: "mimir/ingester-zone-a",
      reason: "ResourceGone",
      result,
    });
    expect(actions.slice(1).map(({ kind }) => kind)).toEqual(Array(3).fill("ReleaseClaim"));
    expect(scenario.pods.left).toEqual(hears ? [] : ["ingester-zone-a-2"]);
  });

  test("of a StatefulSet that is another's now are left alone", async () => {
    const scenario = await killedAfterPrepare();
    const found = scenario.statefulSet("zone-a");
    const annotations = { ...found.metadata.annotations, "outrigger.dev/rollout": "other/mimir/ingesters" };
    scenario.model.put("statefulsets", { ...found, metadata: { ...found.metadata, annotations } });
    scenario.model.remove("multiazrollouts", "ingesters");
    await scenario.clock.run(() => scenario.hub.last?.status.phase === "Gone", 400_000);
    expect(scenario.hub.last?.actions.map(({ kind }) => kind)).toEqual(Array(2).fill("ReleaseClaim"));
    expect(scenario.story.filter((line) => line.startsWith("DELETE"))).toEqual([]);
  });

  test("of a StatefulSet that is not selected any more are told before it is given back", async () => {
    const scenario = await killedAfterPrepare();
    const found = scenario.statefulSet("zone-a");
    scenario.model.put("statefulsets", { ...found, metadata: { ...found.metadata, labels: { app: "another" } } });
    const isGivenBack = () =>
      scenario.statefulSet("zone-a").metadata.annotations?.["outrigger.dev/rollout"] === undefined;
    expect(await scenario.clock.run(isGivenBack, 400_000)).toBe(true);
    expect(scenario.pods.left).toEqual([]);
    expect(scenario.story.filter((line) => line.startsWith("DELETE")).toSorted()).toEqual([
      "DELETE zone-a-1",
      "DELETE zone-a-2",
    ]);
  });
});
