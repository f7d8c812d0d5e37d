import { describe, expect, test } from "vitest";
import type { MultiAZRollout } from "../../lib/rollouts/observation.ts";
import type { RolloutState } from "../../lib/rollouts/state.ts";
import { takeBack } from "../../lib/rollouts/take-back.ts";
import { ModelClient } from "./client.ts";
import type { Fault } from "./hub.ts";
import { Ingesters } from "./ingesters.ts";

const DELAY_SECONDS = 3_600;
const MINUTE_MS = 60_000;

/** Zone a mirrors and waits an hour; the others follow nobody. */
async function begin(faults: Fault[] = [], delaySeconds = DELAY_SECONDS): Promise<Ingesters> {
  const scenario = new Ingesters({ replicas: 4, hub: { faults } }, "0s");
  scenario.delay("zone-a", delaySeconds);
  for (const zone of ["zone-b", "zone-c"]) scenario.lead(zone);
  scenario.hub.post();
  await scenario.clock.run(() => scenario.reason() === "AsWanted", MINUTE_MS);
  return scenario;
}

const told = (scenario: Ingesters): string | undefined =>
  scenario.hub.last?.status.conditions.find(({ type }) => type === "Scaled")?.message;
const replicas = (scenario: Ingesters): number | undefined => scenario.statefulSet("zone-a").spec.replicas;
const calls = (scenario: Ingesters): string[] =>
  scenario.story.filter((line) => /^(POST|DELETE) .* delayed/.test(line));

test("pods that go wait for the whole delay, are asked seldom, and prepare right before they go", async () => {
  const scenario = await begin();
  scenario.want(2);
  const wantedAt = scenario.clock.now();
  await scenario.clock.run(() => scenario.reason() === "WaitingForDelay", MINUTE_MS);
  expect(scenario.story.toSorted()).toEqual([
    "DELETE zone-a-0 delayed",
    "DELETE zone-a-1 delayed",
    "POST zone-a-2 delayed",
    "POST zone-a-3 delayed",
  ]);
  expect(told(scenario)).toMatch(
    /^ingester-zone-a stays at 4 replicas \(2 wanted\) until 2026-11-21T11:0\d:\d\dZ: ingester-zone-a-3 was prepared at/,
  );
  await scenario.clock.run(() => false, 30 * MINUTE_MS);
  const [requests, asked] = [scenario.hub.requests, calls(scenario).length];
  expect(replicas(scenario)).toBe(4);
  expect(scenario.model.find("replicatemplates", "ingester")).toMatchObject({ status: { replicas: 4 } });
  await scenario.clock.run(() => false, 20 * MINUTE_MS);
  expect(calls(scenario).length - asked).toBe(4);
  expect((scenario.hub.requests - requests) / (20 * 60)).toBeLessThan(0.5);
  expect(await scenario.clock.run(() => replicas(scenario) === 2, 20 * MINUTE_MS)).toBe(true);
  expect(scenario.clock.now() - wantedAt).toBeLessThan((DELAY_SECONDS + 30) * 1000);
  const last = scenario.story.slice(-7).map((line) => line.replace(/ from.*/, ""));
  expect([last.slice(0, 2), last.slice(2, 4), last.slice(4, 6)].map((lines) => lines.toSorted())).toEqual([
    ["POST zone-a-2 delayed", "POST zone-a-3 delayed"],
    ["POST zone-a-2", "POST zone-a-3"],
    ["POST zone-a-2 delayed", "POST zone-a-3 delayed"],
  ]);
  expect(last.at(-1)).toBe("scale zone-a");
  await scenario.clock.run(() => scenario.reason() === "AsWanted", MINUTE_MS);
  expect(scenario.unprepared).toEqual([]);
  expect(scenario.invariants.violations).toEqual([]);
});

test("as many of the last pods go as have waited, the others when they have", async () => {
  const scenario = await begin();
  scenario.want(3);
  await scenario.clock.run(() => false, 30 * MINUTE_MS);
  scenario.want(1);
  await scenario.clock.run(() => replicas(scenario) === 3, 40 * MINUTE_MS);
  expect(replicas(scenario)).toBe(3);
  await scenario.clock.run(() => false, 20 * MINUTE_MS);
  expect(replicas(scenario)).toBe(3);
  expect(await scenario.clock.run(() => replicas(scenario) === 1, 15 * MINUTE_MS)).toBe(true);
  expect(scenario.unprepared).toEqual([]);
});

test("pods that stay after all are told so, and those that come back too", async () => {
  const scenario = await begin([], 600);
  scenario.want(3);
  await scenario.clock.run(() => replicas(scenario) === 3 && scenario.reason() === "AsWanted", 20 * MINUTE_MS);
  scenario.want(2);
  await scenario.clock.run(() => scenario.pods.leftWaiting.length > 0, MINUTE_MS);
  scenario.want(4);
  await scenario.clock.run(() => false, 5 * MINUTE_MS);
  expect(scenario.pods.leftWaiting).toEqual([]);
  expect(scenario.reason()).toBe("AsWanted");
  expect(calls(scenario).slice(-2).sort()).toEqual(["DELETE zone-a-2 delayed", "DELETE zone-a-3 delayed"]);
  expect(scenario.hub.state).not.toHaveProperty("delayed");
  expect(replicas(scenario)).toBe(4);
});

test("a pod that was replaced while it waited begins anew", async () => {
  const scenario = await begin();
  scenario.want(3);
  await scenario.clock.run(() => false, 55 * MINUTE_MS);
  scenario.model.deletePod("ingester-zone-a-3");
  await scenario.clock.run(() => false, 30 * MINUTE_MS);
  expect(replicas(scenario)).toBe(4);
  expect(scenario.reason()).toBe("WaitingForDelay");
  expect(await scenario.clock.run(() => replicas(scenario) === 3, 60 * MINUTE_MS)).toBe(true);
  expect(scenario.unprepared).toEqual([]);
});

describe("a pod that does not answer as it should", () => {
  test.each([
    ["500", (scenario: Ingesters) => scenario.pods.refusing.POST.add("ingester-zone-a-2"), "with 500: not now"],
    [
      "no JSON",
      (scenario: Ingesters) => scenario.pods.bodies.set("ingester-zone-a-2", "prepared"),
      'pod ingester-zone-a-2 did not answer with {"timestamp": <Unix time in seconds>}',
    ],
    [
      "no timestamp",
      (scenario: Ingesters) => scenario.pods.bodies.set("ingester-zone-a-2", '{"timestamp": 0}'),
      "did not answer with",
    ],
    [
      "milliseconds",
      (scenario: Ingesters) => scenario.pods.bodies.set("ingester-zone-a-2", '{"timestamp": 1763719200000}'),
      "did not answer with",
    ],
  ])("but %s keeps every pod, is told of, and asked again each minute", async (_what, break_, says) => {
    const scenario = await begin([], 300);
    break_(scenario);
    scenario.want(2);
    await scenario.clock.run(() => scenario.reason() === "DelayedDownscaleFailed", MINUTE_MS);
    expect(told(scenario)).toContain(says);
    await scenario.clock.run(() => false, 10 * MINUTE_MS);
    expect(replicas(scenario)).toBe(4);
    expect(calls(scenario).filter((line) => line.startsWith("POST zone-a-2")).length).toBeLessThanOrEqual(12);
    scenario.pods.refusing.POST.clear();
    scenario.pods.bodies.clear();
    expect(await scenario.clock.run(() => replicas(scenario) === 2, 10 * MINUTE_MS)).toBe(true);
    expect(scenario.unprepared).toEqual([]);
  });

  test("because a role is missing says which, and nothing is left to undo", async () => {
    const scenario = await begin();
    const message = 'pods "ingester-zone-a-2" is forbidden: User "hub" cannot create resource "pods/proxy"';
    const body = { kind: "Status", code: 403, message, reason: "Forbidden", details: { kind: "pods" } };
    scenario.want(2);
    scenario.pods.forbidden = { status: 403, body: JSON.stringify(body) };
    await scenario.clock.run(() => scenario.reason() === "DelayedDownscaleFailed", MINUTE_MS);
    expect(told(scenario)).toContain("Apply the role outrigger:prepare-downscale");
    expect((scenario.hub.state as RolloutState).delayed?.["ingester-zone-a"]?.prepared).not.toContain(
      "ingester-zone-a-3",
    );
    expect(scenario.story).toEqual([]);
  });
});

test.each(
  ["pencil-act", "after-prepare", "after-scale"].flatMap((point) => [1, 2, 3].map((nth) => [point, nth] as const)),
)("a worker killed at %s %i leaves the delay to the next one, which keeps it", async (point, nth) => {
  const scenario = await begin([{ point, nth, what: "kill" }], 600);
  scenario.want(2);
  await scenario.clock.run(() => false, 5 * MINUTE_MS);
  expect(replicas(scenario)).toBe(4);
  expect(await scenario.clock.run(() => replicas(scenario) === 2, 15 * MINUTE_MS)).toBe(true);
  await scenario.clock.run(() => scenario.reason() === "AsWanted", 5 * MINUTE_MS);
  scenario.want(1);
  await scenario.clock.run(() => scenario.pods.leftWaiting.length > 0, 5 * MINUTE_MS);
  scenario.want(2);
  expect(await scenario.clock.run(() => scenario.pods.leftWaiting.length === 0, 5 * MINUTE_MS)).toBe(true);
  expect(scenario.unprepared).toEqual([]);
  expect(scenario.invariants.violations).toEqual([]);
  expect(scenario.hub.failures).toEqual([]);
});

describe("pods that wait are told that they stay", () => {
  const waits = async (): Promise<Ingesters> => {
    const scenario = await begin();
    scenario.want(2);
    await scenario.clock.run(() => scenario.reason() === "WaitingForDelay", MINUTE_MS);
    expect(scenario.pods.leftWaiting).toHaveLength(2);
    return scenario;
  };

  test("when the resource is deleted", async () => {
    const scenario = await waits();
    scenario.model.remove("multiazrollouts", "ingesters");
    expect(await scenario.clock.run(() => scenario.pods.leftWaiting.length === 0, MINUTE_MS)).toBe(true);
  });

  test("when the StatefulSet is no longer selected", async () => {
    const scenario = await waits();
    const found = scenario.statefulSet("zone-a");
    const labels = { ...found.metadata.labels, group: "another" };
    scenario.model.put("statefulsets", { ...found, metadata: { ...found.metadata, labels } });
    expect(await scenario.clock.run(() => scenario.pods.leftWaiting.length === 0, 5 * MINUTE_MS)).toBe(true);
    await scenario.clock.run(() => false, MINUTE_MS);
    expect(scenario.hub.state).not.toHaveProperty("delayed");
  });

  test("when the cluster is deregistered", async () => {
    const scenario = await waits();
    const client = new ModelClient(scenario.model, { answer: scenario.pods.answer });
    const key = {
      cluster: "prod",
      home: "cluster",
      kind: "MultiAZRollout",
      namespace: "mimir",
      name: "ingesters",
    } as const;
    const session = { client, hubId: "hub", key, state: scenario.hub.state, now: () => scenario.clock.now() };
    let outcomes: unknown;
    void takeBack({ ...session, lease: { mayWrite: () => true } }).then((came) => {
      outcomes = came;
    });
    expect(await scenario.clock.run(() => outcomes !== undefined, MINUTE_MS)).toBe(true);
    expect(scenario.pods.leftWaiting).toEqual([]);
    expect(outcomes).toEqual([expect.objectContaining({ kind: "CancelDelayedDownscale", result: "done" })]);
  });

  test("when the annotation goes, while replicas go down without it", async () => {
    const scenario = await waits();
    scenario.delay("zone-a", 0);
    expect(await scenario.clock.run(() => replicas(scenario) === 2, 5 * MINUTE_MS)).toBe(true);
    expect(await scenario.clock.run(() => scenario.pods.leftWaiting.length === 0, MINUTE_MS)).toBe(true);
    await scenario.clock.run(() => scenario.reason() === "AsWanted", MINUTE_MS);
    expect(calls(scenario).filter((line) => /^DELETE zone-a-[23] /.test(line))).toEqual([]);
    expect(scenario.hub.state).not.toHaveProperty("delayed");
  });

  test("not when the resource is paused, but they do not go before it goes on", async () => {
    const scenario = await waits();
    const resource = scenario.model.find<MultiAZRollout>("multiazrollouts", "ingesters") as MultiAZRollout;
    const { metadata, spec } = resource;
    const pause = (paused: boolean): void => {
      const generation = (metadata.generation ?? 1) + (paused ? 1 : 2);
      scenario.model.put("multiazrollouts", {
        metadata: { ...metadata, generation },
        spec: { ...(spec as object), paused },
      });
    };
    pause(true);
    await scenario.clock.run(() => false, 70 * MINUTE_MS);
    expect(scenario.reason()).toBe("Paused");
    expect(replicas(scenario)).toBe(4);
    expect(scenario.pods.leftWaiting).toHaveLength(2);
    pause(false);
    expect(await scenario.clock.run(() => replicas(scenario) === 2, 5 * MINUTE_MS)).toBe(true);
    expect(scenario.unprepared).toEqual([]);
  });
});
