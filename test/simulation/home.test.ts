import { expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { Homes, HubResource } from "../../lib/rollouts/home.ts";
import { changeOrders, type Order } from "../../lib/rollouts/orders.ts";
import { NAMESPACE } from "./model.ts";
import { Scenario } from "./scenario.ts";

/** A group whose resource lives in the hub: the cluster has no such resource. */
function scenarioOfHub() {
  const kept: { resource: HubResource | undefined; elsewhere: boolean } = { resource: undefined, elsewhere: false };
  const homes: Homes = {
    loadResource: async () => kept.resource && { ...kept.resource, status: scenario.hub.last?.status },
    livesElsewhere: async () => kept.elsewhere,
  };
  const scenario = new Scenario({ hub: { home: "hub", homes } });
  scenario.model.remove("multiazrollouts", "ingesters");
  kept.resource = { uid: "hub-1", generation: 1, spec: scenario.spec, status: undefined };
  const change = (spec: Record<string, unknown>): void => {
    const generation = (kept.resource?.generation ?? 0) + 1;
    kept.resource = { uid: "hub-1", generation, spec: { ...scenario.spec, ...spec }, status: undefined };
  };
  const start = async (): Promise<void> => {
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
  };
  const claims = () =>
    scenario.model
      .all<StatefulSet>("statefulsets")
      .flatMap(({ metadata }) => metadata.annotations?.["outrigger.dev/rollout"] ?? []);
  return { kept, scenario, change, start, claims, until: (ms: number) => scenario.clock.run(() => false, ms) };
}

test("a resource of the hub is rolled like one of the cluster, under the same claim", async () => {
  const { scenario, start, claims } = scenarioOfHub();
  await start();
  expect(await scenario.runUntilCompleted("new")).toBe(true);
  expect(scenario.invariants.violations).toEqual([]);
  expect(scenario.hub.last?.status).toMatchObject({ phase: "Completed", updated: "9/9", observedGeneration: 1 });
  expect(new Set(claims())).toEqual(new Set([`hub.prod/${NAMESPACE}/ingesters`]));
  expect(scenario.hub.events.map(({ detailType }) => detailType)).toContain("Rollout Completed");
});

test("pausing it stops before the next batch, and goes on when it is resumed", async () => {
  const { scenario, start, change, until } = scenarioOfHub();
  await start();
  await scenario.clock.run(() => scenario.invariants.deletes === 3, 60_000);
  change({ paused: true });
  await until(60_000);
  expect(scenario.invariants.deletes).toBe(3);
  expect(scenario.hub.last?.status).toMatchObject({ phase: "Paused", observedGeneration: 2 });
  change({ paused: false });
  expect(await scenario.runUntilCompleted("new")).toBe(true);
  expect(scenario.invariants.violations).toEqual([]);
});

test("deleting it stops before the next batch and gives the claims back", async () => {
  const { scenario, kept, start, claims, until } = scenarioOfHub();
  await start();
  await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
  kept.resource = undefined;
  await until(60_000);
  expect(scenario.invariants.deletes).toBe(2);
  expect(scenario.hub.last?.status.phase).toBe("Gone");
  expect(claims()).toEqual([]);
});

test("a namesake in the other home holds everything, and says how to go on", async () => {
  const { scenario, kept, start, until, claims } = scenarioOfHub();
  kept.elsewhere = true;
  await start();
  await until(90_000);
  expect(scenario.invariants.deletes).toBe(0);
  expect(claims()).toEqual([]);
  const [ready] = scenario.hub.last?.status.conditions ?? [];
  expect(ready).toMatchObject({ type: "Ready", status: "False", reason: "HomeConflict" });
  expect(ready?.message).toContain("in the hub and in cluster prod");
  expect(ready?.message).toContain(`kubectl delete multiazrollout ingesters -n ${NAMESPACE}`);
  kept.elsewhere = false;
  expect(await scenario.runUntilCompleted("new")).toBe(true);
});

test("the one in the cluster is held as well", async () => {
  const homes: Homes = { loadResource: async () => undefined, livesElsewhere: async () => true };
  const scenario = new Scenario({ hub: { homes } });
  scenario.changeTemplates("new");
  scenario.hub.post();
  await scenario.clock.run(() => false, 90_000);
  expect(scenario.invariants.deletes).toBe(0);
  const { status } =
    scenario.model.find<{ metadata: { name: string }; status?: unknown }>("multiazrollouts", "ingesters") ?? {};
  expect(status).toMatchObject({ phase: "Refused", conditions: [{ reason: "HomeConflict" }, {}, {}, {}] });
});

test("what people order about it is heeded as in the other home", async () => {
  const { scenario, start, until } = scenarioOfHub();
  const { hub, clock } = scenario;
  const order = (next: Order): void => {
    hub.orders = changeOrders(hub.orders, next, { at: clock.iso(), by: "anna" });
    hub.post();
  };
  await start();
  await clock.run(() => scenario.invariants.deletes === 3, 60_000);
  order({ type: "pause" });
  await until(60_000);
  expect(scenario.invariants.deletes).toBe(3);
  expect(hub.last?.status.conditions[0]).toMatchObject({ reason: "PausedByOrder" });
  expect(hub.saved.at(-1)).toMatchObject({ phase: "Paused" });
  const rollout = String(hub.last?.status["rollout"]);
  order({ type: "abort", rollout });
  order({ type: "rollback", rollout });
  const isBack = (): boolean => hub.last?.status.conditions[0]?.reason === "RolledBack";
  expect(await clock.run(isBack, 600_000)).toBe(true);
  expect(scenario.isRolledOut("old")).toBe(true);
  expect(scenario.invariants.violations).toEqual([]);
});
