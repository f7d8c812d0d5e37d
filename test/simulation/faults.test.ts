import fc from "fast-check";
import { test } from "vitest";
import { Scenario } from "./scenario.ts";

const RUNS = 300;
const ms = (max: number) => fc.integer({ min: 0, max });

/** What befalls a rollout, and when (milliseconds after it was first looked at). */
const Faults = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  replicas: fc.integer({ min: 1, max: 4 }),
  zones: fc.integer({ min: 2, max: 3 }),
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  intervalSeconds: fc.constantFrom(0, 0, 5),
  minReadySeconds: fc.constantFrom(0, 0, 2),
  watchLagMs: fc.constantFrom(0, 20, 300, 900),
  watchLifeMs: fc.option(fc.integer({ min: 500, max: 8_000 }), { nil: undefined }),
  worker: fc.option(
    fc.record({
      point: fc.constantFrom("pencil-act", "after-delete"),
      nth: fc.integer({ min: 1, max: 6 }),
      what: fc.constantFrom<("kill" | { freezeMs: number })[]>("kill", { freezeMs: 30_000 }, { freezeMs: 300_000 }),
    }),
    { nil: undefined },
  ),
  handoverMs: fc.constantFrom(90_000, 4_000),
  duplicateAt: fc.option(ms(15_000), { nil: undefined }),
  secondHubAt: fc.option(ms(15_000), { nil: undefined }),
  badTemplateAt: fc.option(
    fc.record({ at: ms(12_000), behaviour: fc.constantFrom("crash" as const, "never" as const) }),
    { nil: undefined },
  ),
  onStall: fc.constantFrom("Hold", "Rollback"),
  strategy: fc.constantFrom("Sliding", "Exponential"),
  templateAt: fc.option(ms(20_000), { nil: undefined }),
  nodeLoss: fc.option(fc.record({ at: ms(15_000), zone: fc.integer({ min: 0, max: 2 }), forMs: ms(20_000) }), {
    nil: undefined,
  }),
  recreated: fc.option(fc.record({ at: ms(12_000), zone: fc.integer({ min: 0, max: 2 }) }), {
    nil: undefined,
    freq: 4,
  }),
});

test(`${RUNS} rollouts with faults keep every promise`, { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(Faults, async (faults) => {
      const { watchLagMs, watchLifeMs, worker } = faults;
      const scenario = new Scenario({
        seed: faults.seed,
        replicas: faults.replicas,
        zones: ["zone-a", "zone-b", "zone-c"].slice(0, faults.zones),
        maxUnavailable: faults.maxUnavailable,
        intervalSeconds: faults.intervalSeconds,
        spec: {
          minReadySeconds: faults.minReadySeconds,
          progressDeadlineSeconds: 60,
          onStall: faults.onStall,
          strategy: { type: faults.strategy },
        },
        lagMs: watchLagMs + 200,
        hub: {
          handoverMs: faults.handoverMs,
          faults: worker === undefined ? [] : [worker],
          client: {
            latencyMs: () => 1 + scenario.model.random() * 8,
            watchLagMs: () => scenario.model.random() * watchLagMs,
            watchLifeMs: () => watchLifeMs,
          },
        },
      });
      const { clock, model, hub } = scenario;
      const set = (zone: number): string => scenario.sets[zone % scenario.sets.length] ?? "";
      const when = (at: number | undefined, act: () => void): void => {
        if (at !== undefined) clock.after(at, act);
      };
      let wanted = "new";
      scenario.changeTemplates("new");
      await clock.run(() => false, 500);
      hub.post();
      const second = scenario.addHub({ name: "ingesters", hubId: "hub-2" });
      when(faults.duplicateAt, () => hub.post());
      when(faults.secondHubAt, () => second.post());
      when(faults.badTemplateAt?.at, () => {
        scenario.changeTemplates("bad", faults.badTemplateAt?.behaviour);
        clock.after(150_000, () => scenario.changeTemplates("newest"));
        wanted = "newest";
      });
      when(faults.templateAt, () => {
        if (wanted === "new") scenario.changeTemplates((wanted = "newer"));
      });
      when(faults.nodeLoss?.at, () => {
        const { zone = 0, forMs = 0 } = faults.nodeLoss ?? {};
        model.losePods([`${set(zone)}-0`, `${set(zone)}-1`], forMs);
      });
      when(faults.recreated?.at, () => model.recreateStatefulSet(set(faults.recreated?.zone ?? 0), 2_000));
      await clock.run(() => false, 25_000);
      const done = (): boolean => scenario.isRolledOut(wanted);
      const reasons = (): (string | undefined)[] => [hub, second].map(({ last }) => last?.status.conditions[0]?.reason);
      const changed = (): boolean => reasons().includes("MembershipChanged");
      const ended = await clock.run(() => done() || changed(), 3_600_000);
      const problems = [
        ...scenario.invariants.violations,
        ...[...hub.failures, ...second.failures].map((failure) => `a worker failed: ${String(failure)}`),
        ...(ended ? [] : [`never ended: ${reasons().join(", ")}`]),
        ...(changed() && faults.recreated === undefined ? ["held for members that never changed"] : []),
      ];
      if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${scenario.transcript}`);
    }),
    { numRuns: RUNS },
  );
});
