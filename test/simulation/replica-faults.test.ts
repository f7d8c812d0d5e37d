import { expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import fc from "../drawn.ts";
import { losePods } from "./calamities.ts";
import { Ingesters, MIRROR } from "./ingesters.ts";
import { PodEndpoints } from "./pod-endpoints.ts";
import { Scenario } from "./scenario.ts";

const RUNS = 120;
const ms = (max: number) => fc.integer({ min: 0, max });

/** What befalls replicas, and when (milliseconds after they were first looked at). */
const Faults = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  replicas: fc.integer({ min: 1, max: 5 }),
  minTime: fc.constantFrom("0s", "5s", "40s"),
  wanted: fc.array(fc.record({ at: ms(90_000), replicas: fc.integer({ min: 1, max: 6 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  delaySeconds: fc.constantFrom(0, 0, 10, 120),
  watchLagMs: fc.constantFrom(0, 20, 300, 900),
  watchLifeMs: fc.option(fc.integer({ min: 500, max: 8_000 }), { nil: undefined }),
  workers: fc.array(
    fc.record({
      point: fc.constantFrom("pencil-act", "after-delete", "after-prepare", "after-scale"),
      nth: fc.integer({ min: 1, max: 4 }),
      what: fc.constantFrom<("kill" | { freezeMs: number })[]>("kill", { freezeMs: 30_000 }, { freezeMs: 300_000 }),
    }),
    { maxLength: 2 },
  ),
  handoverMs: fc.constantFrom(90_000, 4_000),
  duplicateAt: fc.option(ms(60_000), { nil: undefined }),
  secondHubAt: fc.option(ms(60_000), { nil: undefined }),
  templateAt: fc.option(ms(90_000), { nil: undefined }),
  refusing: fc.option(fc.record({ at: ms(30_000), forMs: ms(90_000), pod: fc.integer({ min: 0, max: 4 }) }), {
    nil: undefined,
  }),
  nodeLoss: fc.option(
    fc.record({ at: ms(60_000), zone: fc.constantFrom("zone-a", "zone-b", "zone-c"), forMs: ms(20_000) }),
    {
      nil: undefined,
    },
  ),
});

test(`${RUNS} groups whose replicas change under faults keep every promise`, { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(Faults, async (faults) => {
      const { watchLagMs, watchLifeMs } = faults;
      const scenario: Ingesters = new Ingesters(
        {
          seed: faults.seed,
          replicas: faults.replicas,
          lagMs: watchLagMs + 200,
          hub: {
            handoverMs: faults.handoverMs,
            faults: faults.workers,
            client: {
              latencyMs: () => 1 + scenario.model.random() * 8,
              watchLagMs: () => scenario.model.random() * watchLagMs,
              watchLifeMs: () => watchLifeMs,
            },
          },
        },
        faults.minTime,
      );
      const { clock, model, hub, pods } = scenario;
      const when = (at: number | undefined, act: () => void): void => {
        if (at !== undefined) clock.after(at, act);
      };
      if (faults.delaySeconds > 0) scenario.delay("zone-a", faults.delaySeconds);
      hub.post();
      const second = scenario.addHub({ name: "ingesters", hubId: "hub-2", client: { answer: pods.answer } });
      when(faults.duplicateAt, () => hub.post());
      when(faults.secondHubAt, () => second.post());
      const changes = faults.wanted.toSorted((a, b) => a.at - b.at);
      for (const { at, replicas } of changes) when(at, () => scenario.want(replicas));
      when(faults.templateAt, () => scenario.changeTemplates("new"));
      when(faults.refusing?.at, () => {
        const names = ["zone-a", "zone-b", "zone-c"].map((zone) => `ingester-${zone}-${faults.refusing?.pod}`);
        for (const name of names) pods.refusing.POST.add(name);
        clock.after(faults.refusing?.forMs ?? 0, () => pods.refusing.POST.clear());
      });
      when(faults.nodeLoss?.at, () => {
        losePods(model, [`ingester-${faults.nodeLoss?.zone}-0`], faults.nodeLoss?.forMs ?? 0);
      });
      await clock.run(() => false, 120_000);
      const last = changes.at(-1)?.replicas ?? 0;
      const wanted = faults.templateAt === undefined ? "old" : "new";
      const isTold = (): boolean => pods.left.length === 0 && pods.leftWaiting.length === 0;
      const done = (): boolean => scenario.are(last)() && scenario.isRolledOut(wanted) && isTold();
      const ended = await clock.run(done, 3_600_000);
      const reasons = [hub, second].map(({ last: pass }) =>
        pass?.status.conditions.map(({ type, reason }) => `${type} ${reason}`),
      );
      const problems = [
        ...scenario.invariants.violations,
        ...scenario.unprepared,
        ...[...hub.failures, ...second.failures].map((failure) => `a worker failed: ${String(failure)}`),
        ...(ended
          ? []
          : [`never ended: ${reasons.join("; ")}; left ${[...pods.left, ...pods.leftWaiting].join(", ")}`]),
      ];
      if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${scenario.transcript}`);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);

/** Seven brokers over three zones that become three, and what was violated meanwhile. */
async function shrink(seed: number, watchLagMs: number, templateAt?: number): Promise<string[]> {
  const name = "ingester-brokers";
  let answer: PodEndpoints["answer"] = () => ({ status: 503, body: "" });
  const scenario: Scenario = new Scenario({
    seed,
    zones: ["brokers"],
    spread: ["us-east-1a", "us-east-1b", "us-east-1c"],
    replicas: 7,
    lagMs: watchLagMs + 200,
    hub: {
      client: {
        watchLagMs: () => scenario.model.random() * watchLagMs,
        answer: (method, path) => answer(method, path),
      },
    },
  });
  const { clock, model, hub } = scenario;
  answer = new PodEndpoints(model, (line) => scenario.log(line)).answer;
  const brokers = (): StatefulSet => model.find<StatefulSet>("statefulsets", name) as StatefulSet;
  const want = (replicas: number) =>
    model.put("replicatemplates", { metadata: { name: "ingester" }, spec: { replicas } } as never);
  want(7);
  const { metadata, ...rest } = brokers();
  model.put("statefulsets", { ...rest, metadata: { ...metadata, annotations: MIRROR } });
  hub.post();
  await clock.run(() => false, 20_000);
  want(3);
  if (templateAt !== undefined) clock.after(templateAt, () => scenario.changeTemplates("new"));
  const revision = templateAt === undefined ? "old" : "new";
  const isSmall = (): boolean => brokers().spec.replicas === 3 && brokers().status?.readyReplicas === 3;
  const ended = await clock.run(() => isSmall() && scenario.isRolledOut(revision), 3_600_000);
  const problems = [...scenario.invariants.violations, ...hub.failures.map(String), ...(ended ? [] : ["never ended"])];
  return problems.map((problem) => `seed ${seed}: ${problem}`);
}

test.each([0, 100, 500])(
  "one StatefulSet over three zones is scaled down zone after zone, by watches up to %d ms late",
  { timeout: 120_000 },
  async (watchLagMs) => {
    const problems: string[] = [];
    for (const seed of SEEDS) {
      problems.push(...(await shrink(seed, watchLagMs)));
      problems.push(...(await shrink(seed, watchLagMs, 500 * (seed % 60))));
    }
    expect(problems).toEqual([]);
  },
);
