import { describe, expect, test } from "vitest";
import { ConnectionError } from "../../lib/kubernetes/errors.ts";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import type { Fault } from "./hub.ts";
import { Ingesters, KEY } from "./ingesters.ts";
import { Scenario } from "./scenario.ts";

const DOWN = ["zone-a", "zone-b", "zone-c"].flatMap((zone) => [`POST ${zone}-2`, `scale ${zone} from 3 to 2`]);

describe("replicas", () => {
  test("go down zone by zone with the minimum time between them, prepared, and up again behind Ready leaders", async () => {
    const scenario = new Ingesters();
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    scenario.want(2);
    const startedAt = scenario.clock.now();
    expect(await scenario.clock.run(scenario.are(2), 600_000)).toBe(true);
    expect(scenario.clock.now() - startedAt).toBeGreaterThan(120_000);
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    scenario.want(4);
    expect(await scenario.clock.run(scenario.are(4), 600_000)).toBe(true);
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.hub.failures).toEqual([]);
    expect(scenario.story).toEqual([
      ...DOWN,
      ...["zone-a", "zone-b", "zone-c"].map((zone) => `scale ${zone} from 2 to 4`),
    ]);
    expect(scenario.model.find("replicatemplates", "ingester")).toMatchObject({ status: { replicas: 4 } });
    expect(scenario.statefulSet("zone-c").metadata.annotations?.[`${KEY}/last-downscale`]).toMatch(
      /^2026-11-21T10:0\d:\d\dZ$/,
    );
    await expect(scenario.transcript).toMatchFileSnapshot("../golden/replicas.txt");
  });

  test("that stay as they are cost one more request each pass", async () => {
    const scenario = new Ingesters();
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    const before = { requests: scenario.hub.requests, passes: scenario.hub.passes };
    await scenario.clock.run(() => false, 600_000);
    const passes = scenario.hub.passes - before.passes;
    expect(passes).toBeGreaterThan(10);
    // The last one may be under way.
    expect(scenario.hub.requests - before.requests).toBeLessThanOrEqual(3 * (passes + 1));
  });

  test.each([
    ["paused", { paused: true }, {}, "Paused"],
    ["labelled no-downscale", {}, { "grafana.com/no-downscale": "true" }, "NoDownscale"],
  ])(
    "that people keep as they are (%s) cost hardly more than those that are as wanted",
    async (_what, spec, labels, why) => {
      const hourOf = async (wanted: number, reason: string): Promise<number> => {
        const rollingUpdate = { maxUnavailable: 1, intervalSeconds: 300 };
        const scenario = new Ingesters({ spec: { ...spec, rollingUpdate } });
        const leader = scenario.statefulSet("zone-a");
        const { metadata } = leader;
        scenario.model.put("statefulsets", {
          ...leader,
          metadata: { ...metadata, labels: { ...metadata.labels, ...labels } },
        });
        scenario.hub.post();
        await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
        scenario.want(wanted);
        expect(await scenario.clock.run(() => scenario.reason() === reason, 400_000)).toBe(true);
        const before = scenario.hub.requests;
        await scenario.clock.run(() => false, 3_600_000);
        expect(scenario.invariants.scales).toBe(0);
        return scenario.hub.requests - before;
      };
      expect(await hourOf(2, why)).toBeLessThanOrEqual(2 * (await hourOf(3, "AsWanted")));
    },
  );

  test("that go down during a rollout wait for it, and the two never meet in two zones", async () => {
    const scenario = new Ingesters({ replicas: 4 }, "0s");
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes === 3, 60_000);
    scenario.want(2);
    expect(await scenario.clock.run(scenario.are(2), 1_200_000)).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.deletes).toBe(12);
    expect(scenario.story.findIndex((line) => line.startsWith("scale"))).toBeGreaterThan(
      scenario.story.findLastIndex((line) => line.startsWith("delete")),
    );
  });

  test("that are to go down in a zone whose turn has not come do not keep the rollout from going on", async () => {
    const scenario = new Scenario({ intervalSeconds: 30 });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    const { metadata, ...rest } = scenario.model.find<StatefulSet>("statefulsets", "ingester-zone-c") ?? {};
    const annotations = {
      ...metadata?.annotations,
      [`${KEY}/rollout-downscale-leader`]: "ingester-zone-a",
      [`${KEY}/rollout-force-replicas`]: "2",
    };
    scenario.model.put("statefulsets", { ...rest, metadata: { ...metadata, annotations } } as never);
    scenario.hub.post();
    expect(await scenario.clock.run(() => scenario.isRolledOut("new"), 900_000)).toBe(true);
    const down = () => scenario.model.find<StatefulSet>("statefulsets", "ingester-zone-c")?.spec.replicas === 2;
    expect(await scenario.clock.run(down, 120_000)).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.deletes).toBe(9);
  });

  test.each([1, 2, 3])(
    "that go down past a pod that fits on no node let a rollout go on, maxUnavailable %d",
    async (maxUnavailable) => {
      const scenario = new Scenario({ replicas: 4, maxUnavailable, spec: { progressDeadlineSeconds: 120 } });
      scenario.changeTemplates("new");
      await scenario.clock.run(() => false, 500);
      scenario.hub.post();
      await scenario.clock.run(() => scenario.invariants.deletes > 4, 60_000);
      const name = "ingester-zone-b";
      scenario.model.stranded.add(`${name}-4`);
      const become = (replicas: number, annotations: Record<string, string>): void => {
        const found = scenario.model.find<StatefulSet>("statefulsets", name) as StatefulSet;
        const { metadata, spec } = found;
        const all = { ...metadata.annotations, ...annotations };
        const next = { ...found, metadata: { ...metadata, annotations: all }, spec: { ...spec, replicas } };
        scenario.model.changeStatefulSet(found, next);
      };
      become(5, {});
      await scenario.clock.run(() => false, 60_000);
      become(5, { [`${KEY}/rollout-downscale-leader`]: "ingester-zone-a", [`${KEY}/rollout-force-replicas`]: "3" });
      expect(await scenario.clock.run(() => scenario.isRolledOut("new"), 900_000)).toBe(true);
      const down = () => scenario.model.find<StatefulSet>("statefulsets", name)?.status?.replicas === 3;
      expect(await scenario.clock.run(down, 120_000)).toBe(true);
      expect(scenario.invariants.violations).toEqual([]);
    },
  );

  test("that change mid-way are followed to where they lead", async () => {
    const scenario = new Ingesters({ replicas: 5 }, "20s");
    scenario.hub.post();
    scenario.want(2);
    await scenario.clock.run(() => scenario.invariants.scales === 2, 300_000);
    scenario.want(3);
    expect(await scenario.clock.run(scenario.are(3), 600_000)).toBe(true);
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.pods.left).toEqual([]);
  });

  test("of a leader that people scale down by hand are followed after the minimum time", async () => {
    const scenario = new Ingesters();
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    const { spec, ...rest } = scenario.statefulSet("zone-b");
    scenario.model.changeStatefulSet({ ...rest, spec }, { ...rest, spec: { ...spec, replicas: 2 } });
    scenario.annotate("zone-b", { [`${KEY}/rollout-downscale-leader`]: "ingester-zone-b" }, "1m");
    const startedAt = scenario.clock.now();
    await scenario.clock.run(() => scenario.statefulSet("zone-c").spec.replicas === 2, 600_000);
    expect(scenario.clock.now() - startedAt).toBeGreaterThanOrEqual(60_000);
  });
});

describe("a worker that dies", () => {
  const kill = (point: string): Fault[] => [{ point, nth: 1, what: "kill" }];
  test.each(["pencil-act", "after-prepare", "after-scale"])(
    "at %s leaves a scale-down that the next one completes",
    async (point) => {
      const scenario = new Ingesters({ hub: { faults: kill(point) } }, "10s");
      scenario.want(2);
      scenario.hub.post();
      expect(await scenario.clock.run(scenario.are(2), 1_200_000)).toBe(true);
      await scenario.clock.run(() => scenario.reason() === "AsWanted", 120_000);
      expect(scenario.story.some((line) => line.startsWith(`fault at ${point}`))).toBe(true);
      expect(scenario.invariants.violations).toEqual([]);
      expect(scenario.invariants.scales).toBe(3);
      expect(scenario.pods.left).toEqual([]);
    },
  );

  test("after preparing leaves pods that the next one tells to go on, when nobody wants fewer any more", async () => {
    const scenario = new Ingesters({ hub: { faults: kill("after-prepare") } });
    scenario.want(2);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.pods.left.length > 0, 60_000);
    scenario.want(3);
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 600_000);
    expect(scenario.story.filter((line) => !line.startsWith("fault"))).toEqual(["POST zone-a-2", "DELETE zone-a-2"]);
    expect(scenario.pods.left).toEqual([]);
    expect(scenario.invariants.scales).toBe(0);
  });

  test("and whose write got no answer leaves it to the next look", async () => {
    let lost = 0;
    const scenario: Ingesters = new Ingesters(
      {
        hub: {
          client: {
            fail: (verb, type) => {
              const scales = scenario.story.some((line) => line.startsWith("POST")) && verb === "patch";
              if (!scales || type.kind !== "StatefulSet" || lost++ > 0) return undefined;
              return new ConnectionError("timeout", "https://model", "no answer");
            },
          },
        },
      },
      "0s",
    );
    scenario.want(2);
    scenario.hub.post();
    expect(await scenario.clock.run(scenario.are(2), 600_000)).toBe(true);
    expect(lost).toBeGreaterThan(0);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.pods.left).toEqual([]);
  });
});

test("a worker that stood still asks again what a mirrored resource wants before it scales", async () => {
  const faults: Fault[] = [{ point: "pencil-act", nth: 1, what: { freezeMs: 30_000 } }];
  const scenario = new Ingesters({ hub: { faults } }, "0s");
  scenario.want(4);
  scenario.hub.post();
  await scenario.clock.run(() => scenario.story.some((line) => line.startsWith("fault")), 60_000);
  scenario.want(3);
  await scenario.clock.run(() => false, 120_000);
  expect(scenario.story).toEqual(["fault at pencil-act: frozen"]);
  expect(scenario.reason()).toBe("AsWanted");
});

test("two hubs scale down once", async () => {
  const scenario = new Ingesters({}, "0s");
  const client = { latencyMs: () => 2, answer: scenario.pods.answer };
  const second = scenario.addHub({ name: "ingesters", hubId: "hub-2", client });
  scenario.want(2);
  scenario.hub.post();
  second.post();
  expect(await scenario.clock.run(scenario.are(2), 600_000)).toBe(true);
  await scenario.clock.run(() => false, 60_000);
  expect(scenario.invariants.violations).toEqual([]);
  expect(scenario.invariants.scales).toBe(3);
  expect(scenario.pods.left).toEqual([]);
});
