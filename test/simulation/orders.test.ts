import { describe, expect, test } from "vitest";
import { rolloutToken } from "../../lib/rollouts/approval.ts";
import { changeOrders, type Order } from "../../lib/rollouts/orders.ts";
import type { RolloutState } from "../../lib/rollouts/state.ts";
import fc from "../drawn.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

const RUNS = 40;
/** A running worker has read the row at most this long before it deletes: one look, one pencil, one request. */
const NEWS_MS = 40;

/** When people order something, and what befalls the workers meanwhile. */
const Circumstances = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  orderedAt: fc.integer({ min: 0, max: 25_000 }),
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  handoverMs: fc.constantFrom(90_000, 3_000),
  duplicateAt: fc.option(fc.integer({ min: 0, max: 25_000 }), { nil: undefined }),
  kill: fc.option(
    fc.record({ point: fc.constantFrom("pencil-act", "after-delete"), nth: fc.integer({ min: 1, max: 5 }) }),
    { nil: undefined },
  ),
});
type Circumstances = typeof Circumstances extends fc.Arbitrary<infer T> ? T : never;

/** A rollout under way, whose deletes are timed. */
async function rolling(given: Partial<Circumstances> = {}, options: ScenarioOptions = {}) {
  const { seed = 1, maxUnavailable = 1, handoverMs = 90_000, kill, duplicateAt } = given;
  const deletedAt: number[] = [];
  const faults = kill === undefined ? [] : [{ ...kill, what: "kill" as const }];
  const scenario: Scenario = new Scenario({
    seed,
    maxUnavailable,
    ...options,
    hub: { handoverMs, faults, deleting: () => void deletedAt.push(scenario.clock.now()), ...options.hub },
  });
  const { clock, hub } = scenario;
  scenario.changeTemplates("new");
  await clock.run(() => false, 500);
  hub.post();
  if (duplicateAt !== undefined) clock.after(duplicateAt, () => hub.post());
  return { scenario, clock, hub, deletedAt };
}

/** As the rollout function takes an order: on the row, and a message. It is about the rollout that the state names. */
function order({ clock, hub }: Scenario, type: Exclude<Order["type"], "approve">): void {
  const { rollout, last } = (hub.state ?? {}) as Partial<RolloutState>;
  const token = rollout === undefined ? (last?.token ?? "") : rolloutToken(rollout);
  const order: Order = type === "abort" || type === "rollback" ? { type, rollout: token } : { type };
  hub.orders = changeOrders(hub.orders, order, { at: clock.iso(), by: "anna" });
  hub.post();
}

const reason = ({ hub }: Scenario) => hub.last?.status.conditions[0]?.reason;

const rolledBack = (scenario: Scenario): Promise<boolean> =>
  scenario.clock.run(() => reason(scenario) === "RolledBack" && scenario.isRolledOut("old"), 3_600_000);

describe("what a person orders in the midst of a rollout", () => {
  for (const type of ["pause", "abort"] as const) {
    test(`${type}: nothing is deleted from the next batch on, until it is resumed`, { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(Circumstances, async (given) => {
          const { scenario, clock, deletedAt } = await rolling(given);
          await clock.run(() => false, given.orderedAt);
          const under = scenario.hub.state as Partial<RolloutState>;
          // A rollout whose first batch was not saved yet, or that is over, has no name to abort.
          fc.pre(type === "pause" || under?.rollout !== undefined);
          const at = clock.now();
          order(scenario, type);
          await clock.run(() => false, 400_000);
          expect(deletedAt.filter((time) => time > at + NEWS_MS)).toEqual([]);
          const stopped = { pause: "PausedByOrder", abort: "Aborted" }[type];
          if (!scenario.isRolledOut("new")) expect(reason(scenario)).toBe(stopped);
          order(scenario, "resume");
          expect(await scenario.runUntilCompleted("new")).toBe(true);
          expect(scenario.invariants.violations).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    });
  }

  test("rollback: every pod is as before, by the rules of every rollout", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(Circumstances, async (given) => {
        const { scenario, clock, hub } = await rolling(given);
        await clock.run(() => false, given.orderedAt);
        const { rollout, last } = (hub.state ?? {}) as Partial<RolloutState>;
        fc.pre(rollout !== undefined || last !== undefined);
        order(scenario, "rollback");
        expect(await rolledBack(scenario)).toBe(true);
        expect(scenario.invariants.violations).toEqual([]);
        scenario.changeTemplates("new");
        await clock.run(() => false, 120_000);
        expect(reason(scenario)).toBe("TemplateRejected");
        scenario.changeTemplates("better");
        expect(await scenario.runUntilCompleted("better")).toBe(true);
        expect(scenario.invariants.violations).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("an order", () => {
  test("that comes between the plan and its deletes stops them", async () => {
    const { scenario, clock, hub, deletedAt } = await rolling();
    await clock.run(() => hub.pencils === 2, 60_000);
    const before = deletedAt.length;
    // The third batch is planned when the second pod is Ready; the order is there before the row is looked at again.
    await clock.run(() => deletedAt.length === 2, 60_000);
    hub.orders = changeOrders(hub.orders, { type: "pause" }, { at: clock.iso() });
    await clock.run(() => false, 300_000);
    expect(deletedAt).toHaveLength(before + 1);
    expect(reason(scenario)).toBe("PausedByOrder");
    expect(hub.recorded.filter(({ result }) => result === "skipped").length).toBeLessThanOrEqual(1);
  });

  test("wakes a worker that waits for pods, within seconds", async () => {
    const { scenario, clock, hub, deletedAt } = await rolling({}, { readyMs: [60_000, 60_000] });
    await clock.run(() => deletedAt.length === 1, 60_000);
    hub.orders = changeOrders(hub.orders, { type: "pause" }, { at: clock.iso() });
    const { passes } = hub;
    expect(await clock.run(() => reason(scenario) === "PausedByOrder", 6_000)).toBe(true);
    expect(hub.passes).toBe(passes);
  });

  test("is found by a worker that was frozen after it had looked", async () => {
    const faults = [{ point: "pencil-act", nth: 2, what: { freezeMs: 30_000 } }];
    const { scenario, clock, hub, deletedAt } = await rolling({}, { hub: { faults } });
    await clock.run(() => hub.pencils === 2, 60_000);
    await clock.run(() => false, 10_000);
    hub.orders = changeOrders(hub.orders, { type: "pause" }, { at: clock.iso() });
    await clock.run(() => false, 300_000);
    expect(deletedAt).toHaveLength(1);
    expect(reason(scenario)).toBe("PausedByOrder");
  });

  test("to abort does nothing to the next rollout", async () => {
    const { scenario, clock, hub, deletedAt } = await rolling();
    await clock.run(() => deletedAt.length === 2, 60_000);
    order(scenario, "abort");
    await clock.run(() => false, 60_000);
    expect(reason(scenario)).toBe("Aborted");
    expect(hub.events.filter(({ detailType }) => detailType === "Rollout Aborted")).toHaveLength(1);
    scenario.changeTemplates("next");
    expect(await scenario.runUntilCompleted("next")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  const again = async ({ model, spec, clock }: Scenario): Promise<void> => {
    model.remove("multiazrollouts", "ingesters");
    model.addResource("ingesters", spec);
    await clock.run(() => false, 10);
  };
  const pause = ({ clock, hub }: Scenario): void => {
    const { uid } = hub.state as RolloutState;
    hub.orders = changeOrders(hub.orders, { type: "pause" }, { at: clock.iso(), uid });
  };

  test("to pause holds a resource created again that nobody had looked at by then", async () => {
    const { scenario, clock, hub, deletedAt } = await rolling();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    const before = deletedAt.length;
    await again(scenario);
    pause(scenario);
    scenario.changeTemplates("next");
    hub.post();
    await clock.run(() => false, 300_000);
    expect(reason(scenario)).toBe("PausedByOrder");
    expect(deletedAt).toHaveLength(before);
    order(scenario, "resume");
    expect(await scenario.runUntilCompleted("next")).toBe(true);
  });

  test("to pause does not hold one created again after it was heeded", async () => {
    const { scenario, clock, hub } = await rolling();
    await clock.run(() => false, 10_000);
    pause(scenario);
    hub.post();
    await clock.run(() => false, 60_000);
    expect(reason(scenario)).toBe("PausedByOrder");
    await again(scenario);
    hub.post();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });

  test("to roll back passes gates that are closed, and the pause and the abort before it", async () => {
    let state: "OK" | "ALARM" = "OK";
    const { scenario, clock, deletedAt } = await rolling(
      {},
      {
        spec: { gates: [{ alarm: { name: "errors" } }] },
        hub: { ports: { alarmState: async () => state }, allow: { alarms: ["errors"] } },
      },
    );
    await clock.run(() => deletedAt.length === 3, 60_000);
    state = "ALARM";
    await clock.run(() => false, 60_000);
    expect(reason(scenario)).toBe("AlarmActive");
    order(scenario, "pause");
    order(scenario, "abort");
    await clock.run(() => false, 60_000);
    order(scenario, "rollback");
    expect(await rolledBack(scenario)).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("shows in the hub's copy of the status while the pass goes on", async () => {
    const { hub, clock } = await rolling();
    await clock.run(() => false, 12_000);
    expect(hub.results).toEqual([]);
    expect(hub.saved.map(({ updatedReplicas }) => updatedReplicas)).toEqual(
      hub.saved.map(({ updatedReplicas }) => updatedReplicas).toSorted((a, b) => a - b),
    );
    expect(hub.saved.length).toBeGreaterThan(1);
    expect(new Set(hub.saved.map(({ rollout }) => rollout)).size).toBe(1);
  });
});
