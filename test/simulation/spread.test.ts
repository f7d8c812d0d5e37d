import { describe, expect, test } from "vitest";
import type { ResourceType } from "../../lib/kubernetes/client.ts";
import { ApiError } from "../../lib/kubernetes/errors.ts";
import type { KubernetesObject, StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { RolloutStatus } from "../../lib/rollouts/status.ts";
import fc from "../drawn.ts";
import { losePods } from "./calamities.ts";
import { Scenario, type ScenarioOptions } from "./scenario.ts";

const SPREAD = ["us-east-1a", "us-east-1b", "us-east-1c"];

/** One StatefulSet over three zones, as brokers are run, with its template changed and a message on its way. */
async function brokers(options: ScenarioOptions = {}): Promise<Scenario> {
  const scenario = new Scenario({ zones: ["brokers"], spread: SPREAD, replicas: 7, ...options });
  scenario.changeTemplates("new");
  await scenario.clock.run(() => false, 500);
  scenario.hub.post();
  return scenario;
}
const deletes = (scenario: Scenario): string[] =>
  scenario.transcript.split("\n").flatMap((line) => / delete ingester-brokers-(\S+)$/.exec(line)?.[1] ?? []);

describe("one StatefulSet over three zones", () => {
  test("goes zone by zone, the highest ordinal first", async () => {
    const scenario = await brokers();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(deletes(scenario)).toEqual(["6", "3", "0", "4", "1", "5", "2"]);
    await expect(scenario.transcript).toMatchFileSnapshot("../golden/spread.txt");
  });

  test("goes in the order of azOrder", async () => {
    const scenario = await brokers({ spec: { azOrder: [...SPREAD].reverse() } });
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(deletes(scenario)).toEqual(["5", "2", "4", "1", "6", "3", "0"]);
  });

  test("grows its batches with strategy Exponential, zone by zone", async () => {
    const scenario = await brokers({ replicas: 9, maxUnavailable: 3, spec: { strategy: { type: "Exponential" } } });
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    const [a1, ...others] = deletes(scenario);
    const batches = [[a1], others.slice(0, 2), [others[2]], others.slice(3, 5), [others[5]], others.slice(6)];
    expect(batches.map((batch) => batch.toSorted((a = "", b = "") => a.localeCompare(b)))).toEqual([
      ["6"],
      ["0", "3"],
      ["7"],
      ["1", "4"],
      ["8"],
      ["2", "5"],
    ]);
  });

  test("holds while pods of two zones are unready", async () => {
    const scenario = await brokers();
    await scenario.clock.run(() => scenario.invariants.deletes === 1, 60_000);
    losePods(scenario.model, ["ingester-brokers-1", "ingester-brokers-2"], 100_000);
    await scenario.clock.run(() => false, 60_000);
    expect(scenario.invariants.deletes).toBe(1);
    const { status } = scenario.model.find<StatefulSet>("multiazrollouts", "ingesters") ?? {};
    expect(status).toMatchObject({ phase: "Held", conditions: [{ reason: "MultipleZonesUnready" }, {}, {}, {}] });
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  describe("with a pod that has been without a node since before the rollout", () => {
    const LOST = "ingester-brokers-4";
    const zonesOf = (scenario: Scenario) => {
      const { status } =
        scenario.model.find<KubernetesObject & { status: RolloutStatus }>("multiazrollouts", "ingesters") ?? {};
      return Object.fromEntries(
        (status?.zones ?? []).map(({ name, replicas, available }) => [name, [replicas, available]]),
      );
    };
    const note = (scenario: Scenario) =>
      scenario.hub.last?.status.conditions.find(({ type }) => type === "VolumeZonesKnown");

    /** @param refused the resource that the cluster does not let us read. */
    async function stranded(more: Partial<ScenarioOptions> = {}, refused?: string) {
      const asked: string[] = [];
      const scenario = new Scenario({
        zones: ["brokers"],
        spread: SPREAD,
        replicas: 7,
        volumes: true,
        maxUnavailable: 2,
        hub: {
          client: {
            fail: (verb, { plural }) => {
              if (!plural.startsWith("persistent")) return undefined;
              asked.push(`${verb} ${plural}`);
              if (plural !== refused) return undefined;
              const message = `cannot ${verb} resource "${plural}"`;
              return new ApiError({ status: 403, reason: "Forbidden", message, request: `${verb} ${plural}` });
            },
          },
        },
        ...more,
      });
      scenario.model.stranded.add(LOST);
      scenario.model.deletePod(LOST);
      await scenario.clock.run(() => false, 5_000);
      scenario.changeTemplates("new");
      await scenario.clock.run(() => false, 500);
      scenario.hub.post();
      return { scenario, asked };
    }

    test("counts it for the zone of its volume, which is worked on first and holds the others", async () => {
      const { scenario, asked } = await stranded();
      await scenario.clock.run(() => false, 200_000);
      expect(deletes(scenario).sort()).toEqual(["1", "4"]);
      expect(zonesOf(scenario)).toEqual({ "us-east-1a": [3, 3], "us-east-1b": [2, 1], "us-east-1c": [2, 2] });
      expect(asked).toEqual(["list persistentvolumeclaims", "get persistentvolumes"]);
      scenario.model.stranded.clear();
      expect(await scenario.runUntilCompleted("new")).toBe(true);
      expect(deletes(scenario).slice(2, 5).sort()).toEqual(["0", "3", "6"]);
      expect(deletes(scenario).slice(5).sort()).toEqual(["2", "5"]);
      expect(scenario.invariants.violations).toEqual([]);
      expect(scenario.hub.state).not.toHaveProperty("volumes");
    });

    test.each(["persistentvolumeclaims", "persistentvolumes"])(
      "goes on and says so when it may not read %s",
      async (refused) => {
        const { scenario, asked } = await stranded({}, refused);
        await scenario.clock.run(() => false, 50_000);
        expect(deletes(scenario)).toEqual(["4"]);
        expect(zonesOf(scenario)).toHaveProperty("unknown", [1, 0]);
        expect(note(scenario)).toMatchObject({ status: "False", reason: "Forbidden" });
        expect(note(scenario)?.message).toMatch(new RegExp(`"${refused}".* ClusterRole of the capability rollouts`));
        expect(asked.filter((request) => request.endsWith(refused))).toHaveLength(1);
        scenario.model.stranded.clear();
        expect(await scenario.runUntilCompleted("new")).toBe(true);
        expect(scenario.invariants.violations).toEqual([]);
        await scenario.clock.run(() => false, 60_000);
        expect(note(scenario)).toBeUndefined();
      },
    );

    test("asks for no volume where the StatefulSet has none of its own", async () => {
      const { scenario, asked } = await stranded({ volumes: false });
      await scenario.clock.run(() => false, 50_000);
      expect(deletes(scenario)).toEqual(["4"]);
      expect(asked).toEqual([]);
    });
  });

  test("asks for no volume while every pod is on a node", async () => {
    const asked: string[] = [];
    const fail = (_verb: string, { plural }: ResourceType) => void asked.push(plural);
    const scenario = await brokers({
      volumes: true,
      hub: { client: { fail: (verb, type) => fail(verb, type) as undefined } },
    });
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(asked.filter((plural) => plural.startsWith("persistent"))).toEqual([]);
  });

  test("keeps every promise whatever befalls it", { timeout: 60_000 }, async () => {
    const Faults = fc.record({
      seed: fc.integer({ min: 1, max: 100_000 }),
      replicas: fc.integer({ min: 2, max: 8 }),
      volumes: fc.boolean(),
      maxUnavailable: fc.integer({ min: 1, max: 3 }),
      watchLagMs: fc.constantFrom(0, 20, 300, 900),
      handoverMs: fc.constantFrom(90_000, 4_000),
      kill: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      lost: fc.option(fc.record({ at: fc.integer({ min: 0, max: 12_000 }), pod: fc.integer({ min: 0, max: 7 }) }), {
        nil: undefined,
      }),
      templateAt: fc.option(fc.integer({ min: 0, max: 15_000 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(Faults, async ({ watchLagMs, kill, lost, templateAt, handoverMs, ...options }) => {
        const scenario = await brokers({
          ...options,
          lagMs: watchLagMs + 200,
          hub: {
            handoverMs,
            faults: kill === undefined ? [] : [{ point: "after-delete", nth: kill, what: "kill" }],
            client: { watchLagMs: () => scenario.model.random() * watchLagMs },
          },
        });
        if (lost !== undefined) {
          scenario.clock.after(lost.at, () => losePods(scenario.model, [`ingester-brokers-${lost.pod}`], 8_000));
        }
        if (templateAt !== undefined) scenario.clock.after(templateAt, () => scenario.changeTemplates("newer"));
        await scenario.clock.run(() => false, 16_000);
        const done = await scenario.runUntilCompleted(templateAt === undefined ? "new" : "newer");
        const problems = [...scenario.invariants.violations, ...(done ? [] : ["never ended"])];
        if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${scenario.transcript}`);
      }),
      { numRuns: 100 },
    );
  });
});
