import { describe, expect, test } from "vitest";
import { ApiError } from "../../lib/kubernetes/errors.ts";
import type { Pod } from "../../lib/kubernetes/objects.ts";
import type { MultiAZRollout } from "../../lib/rollouts/observation.ts";
import type { RolloutState } from "../../lib/rollouts/state.ts";
import { losePods } from "./calamities.ts";
import { Ingesters } from "./ingesters.ts";

describe("a pod that does not prepare", () => {
  test("keeps its StatefulSet as it is, undoes the others, and is asked again after a minute", async () => {
    const scenario = new Ingesters({ replicas: 3 }, "0s");
    scenario.pods.refusing.POST.add("ingester-zone-a-1");
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    scenario.want(1);
    await scenario.clock.run(() => scenario.reason() === "PrepareDownscaleFailed", 60_000);
    const message = scenario.hub.last?.status.conditions.find(({ type }) => type === "Scaled")?.message;
    expect(message).toContain("pod ingester-zone-a-1 answered POST :80/ingester/prepare-shutdown with 500: not now");
    expect(scenario.hub.last?.status.phase).toBe("Idle");
    expect(scenario.pods.left).toEqual([]);
    expect(scenario.invariants.scales).toBe(0);
    const failedAt = scenario.clock.now();
    scenario.pods.refusing.POST.clear();
    expect(await scenario.clock.run(scenario.are(1), 600_000)).toBe(true);
    expect(scenario.clock.now() - failedAt).toBeGreaterThan(50_000);
    expect(scenario.invariants.violations).toEqual([]);
  });

  test("in each of several StatefulSets is asked once a minute in each", async () => {
    const scenario = new Ingesters({ replicas: 3 }, "0s");
    scenario.mirror("zone-b");
    scenario.mirror("zone-c");
    for (const zone of ["zone-a", "zone-b", "zone-c"]) scenario.pods.refusing.POST.add(`ingester-${zone}-2`);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    scenario.want(2);
    await scenario.clock.run(() => scenario.reason() === "PrepareDownscaleFailed", 60_000);
    const before = scenario.hub.requests;
    await scenario.clock.run(() => false, 300_000);
    for (const zone of ["zone-a", "zone-b", "zone-c"]) {
      const tries = scenario.story.filter((line) => line.startsWith(`POST ${zone}-2`)).length;
      expect(tries, zone).toBeGreaterThanOrEqual(4);
      expect(tries, zone).toBeLessThanOrEqual(6);
    }
    expect(scenario.hub.requests - before).toBeLessThan(600);
    expect(scenario.pods.left).toEqual([]);
  });

  test("and does not undo either is told of for as long as it is prepared, seldom after five tries", async () => {
    const scenario = new Ingesters({ replicas: 3 }, "0s");
    scenario.pods.refusing.POST.add("ingester-zone-a-1");
    scenario.pods.refusing.DELETE.add("ingester-zone-a-2");
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    scenario.want(1);
    await scenario.clock.run(() => scenario.invariants.scales === 0 && scenario.story.length > 2, 60_000);
    scenario.want(3);
    await scenario.clock.run(() => scenario.reason() === "UndoPrepareDownscaleFailed", 60_000);
    expect(scenario.pods.left).toEqual(["ingester-zone-a-2"]);
    await scenario.clock.run(() => false, 300_000);
    expect(scenario.reason()).toBe("UndoPrepareDownscaleFailed");
    expect(scenario.story.filter((line) => line.startsWith("DELETE zone-a-2"))).toHaveLength(6);
    scenario.pods.refusing.DELETE.clear();
    expect(await scenario.clock.run(() => scenario.reason() === "AsWanted", 700_000)).toBe(true);
    expect(scenario.pods.left).toEqual([]);
  });

  test.each([
    [
      "because a role is missing says which, and nothing is left to undo",
      { reason: "Forbidden", details: { kind: "pods" } },
      false,
    ],
    ["and answers like the API server may be prepared all the same", {}, true],
  ])("%s", async (_sentence, more, kept) => {
    const scenario = new Ingesters({ replicas: 3 }, "0s");
    const message = 'pods "ingester-zone-a-2" is forbidden: User "hub" cannot create resource "pods/proxy"';
    scenario.pods.forbidden = { status: 403, body: JSON.stringify({ kind: "Status", code: 403, message, ...more }) };
    scenario.want(2);
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "PrepareDownscaleFailed", 60_000);
    const told = scenario.hub.last?.status.conditions.find(({ type }) => type === "Scaled")?.message;
    expect(told).toContain('cannot create resource "pods/proxy". Apply the role outrigger:prepare-downscale');
    expect((scenario.hub.state as RolloutState).scaleDown !== undefined).toBe(kept);
  });
});

test.each([
  [
    403,
    "Forbidden",
    /^status of ReplicaTemplate ingester could not be written: PATCH it: .*Apply the role outrigger:mirror-replicas/,
  ],
  [422, "NotWritten", /^status of ReplicaTemplate ingester could not be written: PATCH it: no\.$/],
] as const)(
  "a status that could not be written back (%i) is told of and holds nothing",
  async (status, reason, says) => {
    const message = status === 403 ? 'User "hub" cannot patch resource "replicatemplates/status"' : "no";
    const refused = new ApiError({ status, reason, message, request: "PATCH it" });
    const fail = (verb: string, { kind }: { kind: string }) =>
      verb === "patch" && kind === "ReplicaTemplate" ? refused : undefined;
    const scenario = new Ingesters({ hub: { client: { fail } } }, "0s");
    scenario.want(2);
    scenario.hub.post();
    expect(await scenario.clock.run(scenario.are(2), 600_000)).toBe(true);
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    const told = scenario.hub.last?.status.conditions.find(({ type }) => type === "ReplicasWrittenBack");
    expect(told).toMatchObject({ status: "False", reason });
    expect(scenario.reason("AnnotationsValid")).toBeUndefined();
    expect(told?.message).toMatch(says);
    expect(scenario.hub.last?.status.phase).toBe("Idle");
  },
);

/** Has the last pod of zone-a not run yet. @returns lets it run. */
function hinder({ model }: Ingesters): () => void {
  const pod = model.find<Pod>("pods", "ingester-zone-a-2");
  if (pod === undefined) throw new Error("no such pod");
  model.put("pods", { ...pod, status: { phase: "Pending", conditions: [{ type: "Ready", status: "False" }] } });
  return () => model.put("pods", pod);
}

test("a pod that never runs is scaled away without being asked, and the others are asked", async () => {
  const scenario = new Ingesters({ replicas: 3 }, "0s");
  hinder(scenario);
  scenario.want(1);
  scenario.hub.post();
  expect(await scenario.clock.run(scenario.are(1), 600_000)).toBe(true);
  expect(scenario.story.filter((line) => line.endsWith("zone-a-2"))).toEqual([]);
  expect(scenario.story).toContain("POST zone-a-1");
  expect(scenario.unprepared).toEqual([]);
  expect(scenario.invariants.violations).toEqual([]);
});

test("a pod that begins to run while the others are asked is asked too, however late the watch tells of it", async () => {
  const client = { latencyMs: () => 200, watchLagMs: () => 5_000 };
  const scenario = new Ingesters({ replicas: 3, hub: { client } }, "0s");
  const runs = hinder(scenario);
  scenario.want(1);
  scenario.hub.post();
  expect(await scenario.clock.run(() => scenario.story.includes("POST zone-a-1"), 60_000)).toBe(true);
  runs();
  expect(await scenario.clock.run(scenario.are(1), 600_000)).toBe(true);
  expect(scenario.story).toContain("POST zone-a-2");
  expect(scenario.unprepared).toEqual([]);
  expect(scenario.invariants.violations).toEqual([]);
});

describe("a scale-down whose pods have been prepared", () => {
  const begin = async (): Promise<Ingesters> => {
    const scenario = new Ingesters({ hub: { client: { latencyMs: () => 200 } } }, "0s");
    scenario.hub.post();
    await scenario.clock.run(() => scenario.reason() === "AsWanted", 60_000);
    scenario.want(2);
    await scenario.clock.run(() => scenario.pods.prepared.size > 0, 60_000);
    return scenario;
  };

  test("is dropped when another zone has lost a pod meanwhile, and carried out once it is back", async () => {
    const scenario = await begin();
    losePods(scenario.model, ["ingester-zone-b-0"], 30_000);
    await scenario.clock.run(() => scenario.pods.left.length === 0, 10_000);
    expect(scenario.story).toEqual(["POST zone-a-2", "DELETE zone-a-2"]);
    await scenario.clock.run(() => scenario.reason() === "WaitingForZone", 10_000);
    expect(scenario.statefulSet("zone-a").spec.replicas).toBe(3);
    expect(await scenario.clock.run(scenario.are(2), 600_000)).toBe(true);
    expect(scenario.invariants.violations).toEqual([]);
    expect(scenario.pods.left).toEqual([]);
  });

  test("is dropped when people have paused the rollout meanwhile", async () => {
    const scenario = await begin();
    const resource = scenario.model.find<MultiAZRollout>("multiazrollouts", "ingesters");
    if (resource === undefined) throw new Error("no resource");
    const { metadata, spec } = resource;
    const generation = (metadata.generation ?? 1) + 1;
    scenario.model.put("multiazrollouts", {
      metadata: { ...metadata, generation },
      spec: { ...(spec as object), paused: true },
    });
    await scenario.clock.run(() => scenario.pods.left.length === 0, 10_000);
    await scenario.clock.run(() => false, 60_000);
    expect(scenario.story).toEqual(["POST zone-a-2", "DELETE zone-a-2"]);
    expect(scenario.invariants.scales).toBe(0);
  });
});
