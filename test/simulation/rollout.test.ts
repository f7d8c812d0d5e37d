import { describe, expect, test } from "vitest";
import type { StatefulSet } from "../../lib/kubernetes/objects.ts";
import { recreateStatefulSet } from "./calamities.ts";
import type { ClientOptions } from "./client-options.ts";
import { Scenario } from "./scenario.ts";

const deletesIn = (transcript: string): string[] =>
  transcript.split("\n").flatMap((line) => / delete (\S+)$/.exec(line)?.[1] ?? []);

describe("a whole rollout", () => {
  test("goes zone by zone, pod by pod, and ends with every pod new", async () => {
    const scenario = new Scenario();
    scenario.hub.post();
    await scenario.clock.run(() => scenario.hub.last?.status.phase === "Idle", 10_000);
    scenario.changeTemplates("new");
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(deletesIn(scenario.transcript)).toEqual(
      ["a", "b", "c"].flatMap((zone) => [0, 1, 2].map((ordinal) => `ingester-zone-${zone}-${ordinal}`)),
    );
    await expect(scenario.transcript).toMatchFileSnapshot("../golden/three-zones.txt");
  });

  test("tells what happened on the bus and in metrics", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 1_000);
    scenario.hub.post();
    await scenario.runUntilCompleted("new");
    expect(scenario.hub.events.map(({ detailType }) => detailType)).toEqual([
      "Rollout Started",
      "Rollout Zone Completed",
      "Rollout Zone Completed",
      "Rollout Zone Completed",
      "Rollout Completed",
    ]);
    expect(scenario.hub.events[1]?.detail).toMatchObject({
      cluster: "prod",
      namespace: "mimir",
      name: "ingesters",
      zone: "zone-a",
    });
    expect(scenario.hub.metrics).toMatchObject({ rollout_operator_group_reconciles_total: 1 });
  });

  test("costs at most 1.5 requests per pod and starts the next delete within a few milliseconds", async () => {
    const scenario = new Scenario({ replicas: 20, maxUnavailable: 5 });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    const startedAt = scenario.clock.now();
    await scenario.runUntilCompleted("new");
    const seconds = (scenario.clock.now() - startedAt) / 1000;
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.peakUnavailable).toBe(5);
    expect(scenario.hub.requests / 60).toBeLessThanOrEqual(1.5);
    // Three zones of four full waves; a wave takes at most 2.5 s Ready, 0.2 s grace, 0.12 s controller.
    expect(seconds).toBeLessThan(3 * 4 * 2.82);
  });

  test("grows its batches with strategy Exponential", async () => {
    const scenario = new Scenario({ replicas: 10, maxUnavailable: 4, spec: { strategy: { type: "Exponential" } } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.runUntilCompleted("new");
    expect(scenario.invariants.violations).toEqual([]);
    const sizes: number[] = [];
    for (const line of scenario.transcript.split("\n")) {
      if (line.includes(" delete ingester-zone-b")) sizes.push((sizes.pop() ?? 0) + 1);
      else if (line.includes(" created ingester-zone-b") && sizes.at(-1) !== 0) sizes.push(0);
    }
    expect(sizes.filter((size) => size > 0)).toEqual([1, 2, 4, 3]);
  });

  test.each([
    ["", "", 0],
    [", counted from the deletes where the claims before them took long", "patch statefulsets", 3_000],
    [", counted from the deletes where the look before them took long", "list deployments", 8_000],
    [", counted from the deletes where the answer they were decided on came late", "list pods", 8_000],
  ])("waits intervalSeconds between batches, across passes%s", async (_where, slow, waitMs) => {
    let begun = false;
    const deleting = () => {
      // Somebody asks for another look in between.
      if (!begun) scenario.clock.after(5_000, () => scenario.hub.post());
      begun = true;
    };
    const disturb: ClientOptions["disturb"] = (verb, { plural }) =>
      !begun && `${verb} ${plural}` === slow ? { at: "reply", waitMs } : undefined;
    const scenario: Scenario = new Scenario({ intervalSeconds: 30, hub: { client: { disturb }, deleting } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 5_000);
    scenario.hub.post();
    await scenario.runUntilCompleted("new");
    expect(scenario.invariants.violations).toEqual([]);
    const times = scenario.transcript
      .split("\n")
      .filter((line) => line.includes(" delete "))
      .map((line) => Number(line.trim().split(" ")[0]));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(29.9);
    expect(Math.max(...gaps)).toBeLessThan(33);
  });

  test("hands over in the middle and loses neither time nor a delete", async () => {
    const scenario = new Scenario({ replicas: 8, hub: { handoverMs: 7_000 } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.hub.passes).toBeGreaterThan(4);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.deletes).toBe(24);
  });

  test("rolls pods back when the template is reverted", async () => {
    const scenario = new Scenario({ replicas: 6 });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes === 4, 60_000);
    scenario.changeTemplates("old");
    expect(await scenario.runUntilCompleted("old")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });
});

describe("a rollout that cannot go on", () => {
  test("stalls on pods that never become Ready, and goes on when the template is corrected", async () => {
    const scenario = new Scenario({ spec: { progressDeadlineSeconds: 120 } });
    scenario.changeTemplates("bad", "crash");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    expect(await scenario.clock.run(() => scenario.hub.last?.status.phase === "Stalled", 600_000)).toBe(true);
    expect(scenario.invariants.deletes).toBe(1);
    scenario.changeTemplates("good");
    expect(await scenario.runUntilCompleted("good")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.hub.events.map(({ detailType }) => detailType)).toContain("Rollout Stalled");
    await expect(scenario.transcript).toMatchFileSnapshot("../golden/bad-template.txt");
  });

  test("keeps its budget while a quota refuses the recreated pod", async () => {
    const scenario = new Scenario({ replicas: 4, maxUnavailable: 2 });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.model.quota = 11;
    scenario.hub.post();
    await scenario.clock.run(() => false, 300_000);
    const refused = scenario.model.all("pods").length;
    scenario.model.quota = undefined;
    scenario.model.resync();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(refused).toBeLessThanOrEqual(11);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("says why the API server refuses pods, also of two zones, where no time counts", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.model.quota = 7;
    for (const zone of ["zone-a", "zone-b"]) {
      const name = `ingester-${zone}`;
      const uid = scenario.model.find("statefulsets", name)?.metadata.uid;
      const message = `create Pod ${name}-0 in StatefulSet ${name} failed error: pods "${name}-0" is forbidden: exceeded quota: few`;
      const event = { metadata: { name }, reason: "FailedCreate", involvedObject: { kind: "StatefulSet", name, uid } };
      scenario.model.put("events", { ...event, message } as never);
      scenario.model.deletePod(`${name}-0`);
    }
    await scenario.clock.run(() => scenario.model.all("pods").length === 7, 60_000);
    scenario.hub.post();
    const ready = () => scenario.hub.last?.status.conditions.find(({ type }) => type === "Ready");
    await scenario.clock.run(() => ready()?.message.includes("exceeded quota") === true, 120_000);
    expect(ready()).toMatchObject({ reason: "MultipleZonesUnready" });
    expect(ready()?.message).toContain('pods "ingester-zone-b-0" is forbidden: exceeded quota: few');
    expect(scenario.invariants.deletes).toBe(0);
  });

  test("holds when a member is created again, and starts no other zone", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    recreateStatefulSet(scenario.model, "ingester-zone-c", 3_000);
    await scenario.clock.run(() => false, 120_000);
    expect(scenario.hub.last?.status).toMatchObject({ phase: "Held" });
    expect(scenario.hub.last?.status.conditions[0]?.reason).toBe("MembershipChanged");
    expect(deletesIn(scenario.transcript).some((name) => name.includes("zone-b"))).toBe(false);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("stops at the next batch when paused, and goes on", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    scenario.model.changeResource("ingesters", { ...scenario.spec, paused: true });
    await scenario.clock.run(() => false, 60_000);
    expect(scenario.invariants.deletes).toBe(2);
    expect(scenario.hub.last?.status.phase).toBe("Paused");
    scenario.model.changeResource("ingesters", scenario.spec);
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    await expect(scenario.transcript).toMatchFileSnapshot("../golden/paused.txt");
  });

  test("stops when the cluster is being deregistered", async () => {
    let deregistered = false;
    const interruption = () => (deregistered ? { reason: "Deregistered" as const, message: "gone" } : undefined);
    const scenario = new Scenario({ hub: { interruption } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    deregistered = true;
    await scenario.clock.run(() => false, 60_000);
    expect(scenario.invariants.deletes).toBe(2);
  });
});

describe("several at work", () => {
  test.each([
    ["a second hub", { hubId: "hub-2" }],
    ["the same hub under another name of the cluster", { cluster: "alias" }],
  ])("%s holds with Overlap and deletes nothing", async (_sentence, who) => {
    const scenario = new Scenario();
    const second = scenario.addHub({ name: "ingesters", ...who });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    second.post();
    expect(await scenario.clock.run(() => scenario.isRolledOut("new"), 600_000)).toBe(true);
    await scenario.clock.run(() => false, 60_000);
    const phases = [scenario.hub, second].map(({ last }) => last?.status.conditions[0]?.reason);
    expect(new Set(phases)).toEqual(new Set(["Completed", "Overlap"]));
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.invariants.deletes).toBe(9);
  });

  const operator = (replicas: number) => ({
    metadata: { name: "rollout-operator" },
    spec: {
      replicas,
      template: { spec: { containers: [{ name: "main", image: "grafana/rollout-operator:v0.30.0" }] } },
    },
  });

  test("a controller found in the cluster holds until it is scaled to 0", async () => {
    const scenario = new Scenario();
    scenario.model.addDeployment(operator(1));
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => false, 120_000);
    expect(scenario.invariants.deletes).toBe(0);
    expect(scenario.hub.last?.status.conditions[0]).toMatchObject({ reason: "ForeignController" });
    scenario.model.addDeployment(operator(0));
    expect(await scenario.runUntilCompleted("new")).toBe(true);
  });

  test("a controller scaled up in the middle of a zone is noticed before the next one starts", async () => {
    const scenario = new Scenario();
    scenario.model.addDeployment(operator(0));
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes === 2, 60_000);
    scenario.model.addDeployment(operator(1));
    await scenario.clock.run(() => false, 120_000);
    expect(scenario.invariants.deletes).toBe(3);
    expect(scenario.hub.last?.status.conditions[0]).toMatchObject({ reason: "ForeignController" });
    scenario.model.addDeployment(operator(0));
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("a StatefulSet watch that lags far behind the pod watch costs no pod of the wanted revision", async () => {
    const watchLagMs = ({ kind }: { kind: string }) => (kind === "StatefulSet" ? 20_000 : 5);
    const scenario = new Scenario({ lagMs: 0, hub: { client: { watchLagMs } } });
    const wronged: string[] = [];
    const { model } = scenario;
    model.subscribe(({ collection, object, type }) => {
      if (collection !== "pods" || type !== "DELETED") return;
      const owner = object.metadata.name.replace(/-\d+$/, "");
      const { status } = model.find<StatefulSet>("statefulsets", owner) ?? {};
      const age = scenario.clock.now() - Date.parse(object.metadata.creationTimestamp ?? "");
      if (age < 60_000 && object.metadata.labels?.["controller-revision-hash"] === status?.updateRevision)
        wronged.push(object.metadata.name);
    });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.invariants.deletes > 1, 600_000);
    scenario.changeTemplates("newer");
    expect(await scenario.runUntilCompleted("newer")).toBe(true);
    expect(wronged).toEqual([]);
  });

  test("what is dropped after it was saved as intended is recorded as skipped", async () => {
    const scenario = new Scenario({ hub: { faults: [{ point: "pencil-act", nth: 1, what: { freezeMs: 2_000 } }] } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.hub.pencils === 1, 60_000);
    const resource = scenario.model.find("multiazrollouts", "ingesters");
    if (resource === undefined) throw new Error("the resource is gone");
    const metadata = { ...resource.metadata, generation: 9 };
    scenario.model.put("multiazrollouts", { ...resource, metadata, spec: { ...scenario.spec, paused: true } } as never);
    await scenario.clock.run(() => false, 60_000);
    expect(scenario.invariants.deletes).toBe(0);
    expect(scenario.hub.recorded).toContainEqual(expect.objectContaining({ kind: "DeletePod", result: "skipped" }));
  });

  test("a view that breaks at the end of a pass does not blank the hub's status", async () => {
    const client = { watchLifeMs: () => 4_900 };
    const scenario = new Scenario({ replicas: 8, hub: { handoverMs: 5_000, client } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    expect(scenario.hub.results.filter(({ status }) => status.conditions.length === 0)).toEqual([]);
  });

  test("a worker frozen past its lease deletes nothing when it wakes", async () => {
    const faults = [{ point: "pencil-act", nth: 3, what: { freezeMs: 400_000 } }];
    const scenario = new Scenario({ hub: { faults } });
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    expect(await scenario.runUntilCompleted("new")).toBe(true);
    await scenario.clock.run(() => false, 400_000);
    expect(scenario.invariants.deletes).toBe(9);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test.each(["pencil-act", "after-delete"])("a kill at %s loses no progress and repeats no delete", async (point) => {
    for (let nth = 1; nth <= 9; nth++) {
      const scenario = new Scenario({ hub: { faults: [{ point, nth, what: "kill" }] } });
      scenario.changeTemplates("new");
      await scenario.clock.run(() => false, 500);
      scenario.hub.post();
      expect(await scenario.runUntilCompleted("new")).toBe(true);
      expect(scenario.invariants.violations).toEqual([]);
      expect(scenario.invariants.deletes).toBe(9);
    }
  });

  test("a claim is given back when the resource is gone", async () => {
    const scenario = new Scenario();
    scenario.changeTemplates("new");
    await scenario.clock.run(() => false, 500);
    scenario.hub.post();
    await scenario.runUntilCompleted("new");
    const claims = () =>
      scenario.model
        .all<StatefulSet>("statefulsets")
        .flatMap(({ metadata }) => metadata.annotations?.["outrigger.dev/rollout"] ?? []);
    expect(claims()).toEqual(Array(3).fill("hub.prod/mimir/ingesters"));
    scenario.model.remove("multiazrollouts", "ingesters");
    await scenario.clock.run(() => false, 60_000);
    expect(claims()).toEqual([]);
  });
});
