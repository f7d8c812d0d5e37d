import { describe, expect, test } from "vitest";
import { announce } from "../../../lib/rollouts/announce.ts";
import { planRollout } from "../../../lib/rollouts/plan.ts";
import { freshState, type RolloutState, readState } from "../../../lib/rollouts/state.ts";
import { refusedStatus, rolloutStatus } from "../../../lib/rollouts/status.ts";
import { at, type GroupOptions, NOW, OWNER, observe, resource, spec, underWay } from "./group.ts";

function look(
  group: GroupOptions,
  state: RolloutState = freshState("uid-resource"),
  changes: Parameters<typeof spec>[0] = {},
) {
  const observation = observe(group);
  const plan = planRollout({ spec: spec(changes), observation, state, owner: OWNER });
  return { plan, status: rolloutStatus(plan, observation) };
}

describe("the status", () => {
  test("tells where a rollout is, zone by zone", () => {
    const times = { a: { startedAt: at(-90), finishedAt: at(-30), soakFrom: at(-30) } };
    const { status } = look(
      { pods: { a: "NN", b: "No", c: "oo" } },
      underWay({ a: {}, b: {}, c: {} }, { zones: times }),
    );
    expect(status).toMatchObject({
      phase: "Progressing",
      currentZone: "b",
      updatedReplicas: 3,
      replicas: 6,
      updated: "3/6",
      startedAt: at(-100),
      observedGeneration: 3,
      zones: [
        {
          name: "a",
          statefulSets: ["ingester-a"],
          replicas: 2,
          updated: 2,
          available: 2,
          phase: "Completed",
          finishedAt: at(-30),
        },
        { name: "b", updated: 1, available: 2, phase: "Updating" },
        { name: "c", updated: 0, available: 2, phase: "Pending" },
      ],
    });
  });

  test("tells of each pod by a letter, why a zone is not Ready, and names the rollout", () => {
    const { status } = look(
      { pods: { a: "Nnx", b: "otN", c: "oo." } },
      underWay({ a: {}, b: {}, c: {} }, { token: "t" }),
    );
    expect(status).toMatchObject({
      rollout: "t",
      zones: [
        { pods: "Nnx", unready: ["ingester-a-1: NotReady", "ingester-a-2: NotReady"] },
        { pods: "otN", unready: ["ingester-b-1: Terminating"] },
        { pods: "oo.", unready: ["ingester-c: 2 of 3 pods exist"] },
      ],
    });
    expect(look({ pods: { a: "NN" } }).status.zones[0]).not.toHaveProperty("unready");
  });

  test("counts the pods of a zone beyond 200, and gives ten reasons at most", () => {
    const { status } = look({ pods: { a: "x".repeat(201) } });
    expect(status.zones[0]).not.toHaveProperty("pods");
    expect(status.zones[0]?.unready).toHaveLength(10);
  });

  test.each([
    [
      "Idle",
      { pods: { a: "NN" } },
      freshState("uid-resource"),
      {},
      { Ready: "True", Progressing: "False", Held: "False", Stalled: "False" },
    ],
    ["Progressing", { pods: { a: "oo" } }, freshState("uid-resource"), {}, { Ready: "False", Progressing: "True" }],
    [
      "Held",
      { pods: { a: "xo", b: "xo" } },
      freshState("uid-resource"),
      {},
      { Ready: "False", Progressing: "False", Held: "True" },
    ],
    [
      "Paused",
      { pods: { a: "oo" } },
      freshState("uid-resource"),
      { paused: true },
      { Ready: "False", Progressing: "False", Held: "False" },
    ],
    ["Completed", { pods: { a: "NN" } }, underWay({ a: {} }), {}, { Ready: "True", Progressing: "False" }],
  ] as const)("%s is told by its conditions", (phase, group, state, changes, expected) => {
    const { status } = look(group, state, changes);
    expect(status.phase).toBe(phase);
    expect(Object.fromEntries(status.conditions.map((each) => [each.type, each.status]))).toMatchObject(expected);
    const why = status.conditions.filter(({ message }) => message !== "");
    const holding = status.conditions.filter(({ type, status: holds }) => type === "Ready" || holds === "True");
    expect(why).toEqual(holding);
  });

  test("a condition keeps its transition time while its status stays", () => {
    const before = { type: "Ready", status: "True" as const, reason: "x", message: "x", lastTransitionTime: at(-500) };
    const known = { ...resource(), status: { conditions: [before, { ...before, type: "Held" }] } };
    const conditions = look({ pods: { a: "NN" }, observation: { resource: known } }).status.conditions;
    expect(conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ["Ready", at(-500)],
      ["Progressing", "2026-11-21T10:00:00Z"],
      ["Held", "2026-11-21T10:00:00Z"],
      ["Stalled", "2026-11-21T10:00:00Z"],
    ]);
  });

  test("a malformed annotation has a condition of its own", () => {
    const parts = { a: { annotations: { "rollout-max-unavailable": "lots" } } };
    const { status } = look({ pods: { a: "oo" }, parts });
    expect(status.conditions.at(-1)).toMatchObject({
      type: "AnnotationsValid",
      status: "False",
      reason: "MalformedAnnotation",
    });
  });

  test("without pods the counts come from the StatefulSets", () => {
    const { status } = look({ pods: { a: "NN", b: "NN" }, observation: { pods: undefined } });
    expect(status).toMatchObject({
      updated: "4/4",
      zones: [
        { available: 2, updated: 2 },
        { available: 2, updated: 2 },
      ],
    });
  });

  test("a zone that soaks says so", () => {
    const zones = { a: { startedAt: at(-90), finishedAt: at(-5), soakFrom: at(-5) } };
    const state = underWay({ a: {}, b: {} }, { zones });
    const { status } = look({ pods: { a: "NN", b: "oo" } }, state, { zoneSoakSeconds: 60 });
    expect(status.zones.map(({ phase }) => phase)).toEqual(["Soaking", "Pending"]);
  });

  test("a refused resource keeps the counts it had", () => {
    const known = { ...resource(), status: { updatedReplicas: 4, replicas: 9, updated: "4/9", zones: [] } };
    const why = { phase: "Refused", reason: "InvalidSpec", message: "spec.paused: …" } as const;
    expect(refusedStatus(known, why, NOW)).toMatchObject({
      phase: "Refused",
      updated: "4/9",
      conditions: [{ type: "Ready", status: "False", reason: "InvalidSpec" }, {}, {}, {}],
    });
  });
});

describe("the state", () => {
  test("of another resource, another version or damaged is dropped", () => {
    const good = underWay({ a: {} });
    expect(readState(JSON.parse(JSON.stringify(good)), "uid-resource")).toEqual(good);
    for (const bad of [undefined, null, "x", { ...good, version: 2 }, { ...good, deleting: [{ pod: 1 }] }]) {
      expect(readState(bad, "uid-resource")).toEqual(freshState("uid-resource"));
    }
  });

  test("of a resource that was deleted and created again leaves nothing but which one it was and how it was paused", () => {
    const good = { ...underWay({ a: {} }), former: { uid: "long-gone" } };
    const again = freshState("created-again");
    expect(readState(good, "created-again")).toEqual({ ...again, former: { uid: "uid-resource" } });
    const former = { uid: "uid-resource", pausedAt: at(-3) };
    expect(readState({ ...good, pausedAt: at(-3) }, "created-again")).toEqual({ ...again, former });
  });
});

describe("what is announced", () => {
  const subject = { cluster: "prod", namespace: "mimir", name: "ingesters" };

  test("a start once, with its StatefulSets", () => {
    const { plan } = look({ pods: { a: "oo" } });
    const first = announce({ zones: [], phase: "" }, plan, subject);
    expect(first.events).toEqual([
      { detailType: "Rollout Started", detail: { ...subject, startedAt: NOW, statefulSets: ["ingester-a"] } },
    ]);
    expect(announce(first.announced, plan, subject).events).toEqual([]);
  });

  test("a hold once, with its reason, and again after it was over", () => {
    const held = look({ pods: { a: "xo", b: "xo" } }).plan;
    const first = announce({ zones: [], phase: "" }, held, subject);
    expect(first.events.at(-1)).toMatchObject({
      detailType: "Rollout Held",
      detail: { reason: "MultipleZonesUnready" },
    });
    expect(announce(first.announced, held, subject).events).toEqual([]);
    const moving = announce(first.announced, { ...held, phase: "Progressing" }, subject);
    expect(moving.events).toEqual([]);
    expect(announce(moving.announced, held, subject).events.map(({ detailType }) => detailType)).toEqual([
      "Rollout Held",
    ]);
  });

  test("each zone and the end once", () => {
    const zones = { a: { startedAt: at(-90) } };
    const { plan } = look({ pods: { a: "NN" } }, underWay({ a: {} }, { zones }));
    const known = { startedAt: at(-100), zones: [], phase: "Progressing" };
    const told = announce(known, plan, subject);
    expect(told.events.map(({ detailType }) => detailType)).toEqual(["Rollout Zone Completed", "Rollout Completed"]);
    expect(announce(told.announced, plan, subject).events).toEqual([]);
  });

  test("an abort is announced once, and again after it was resumed", () => {
    const { plan } = look(
      { pods: { a: "oo" }, observation: { orders: { abort: { rollout: "t", at: NOW } } } },
      underWay({ a: {} }, { token: "t" }),
    );
    const first = announce({ startedAt: at(-100), zones: [], phase: "Progressing" }, plan, subject);
    expect(first.events).toEqual([
      { detailType: "Rollout Aborted", detail: { ...subject, startedAt: at(-100), message: plan.message } },
    ]);
    expect(announce(first.announced, plan, subject).events).toEqual([]);
    const resumed = announce(first.announced, { ...plan, phase: "Progressing", reason: "ReplacingPods" }, subject);
    expect(announce(resumed.announced, plan, subject).events).toHaveLength(1);
  });
});
