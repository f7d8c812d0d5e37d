import { beforeEach, describe, expect, it } from "vitest";
import { hubKey } from "../../../lib/hub/resource.ts";
import { ID, SPEC } from "./rows.ts";
import { createWorld, manifest } from "./world.ts";

let world: ReturnType<typeof createWorld>;
beforeEach(async () => {
  world = createWorld();
  await world.join("eu", { stage: "prod" });
  await world.join("us", { stage: "prod" });
  await world.join("lab", { stage: "dev" });
});

const PROD = { selector: { matchLabels: { stage: "prod" } } };
const paused = { spec: { ...SPEC, paused: true } };

describe("what is refused, and then not written", () => {
  const rows: [string, Record<string, unknown>, object, RegExp][] = [
    ["no manifest", {}, { target: PROD }, /resource: .*; correct it and apply it again/],
    [
      "what is no resource",
      { name: "outrigger", scripts: {} },
      { target: PROD },
      /neither apiVersion nor kind; correct it/,
    ],
    [
      "a kind with other fields than a spec",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: {} },
      { target: PROD },
      /^ConfigMap x: kind: the hub keeps no ConfigMap; use MultiAZRollout; correct it/,
    ],
    ["another kind", manifest({ kind: "MultiAZRolout" }), { target: PROD }, /did you mean MultiAZRollout\?/],
    [
      "another apiVersion",
      manifest({ apiVersion: "v1" }),
      { target: PROD },
      /served as rollout.grafana.com\/v1alpha1, not v1/,
    ],
    ["no name", manifest({}, { name: undefined }), { target: PROD }, /metadata.name/],
    ["a wrong name", manifest({}, { name: "UPPER" }), { target: PROD }, /metadata.name: must be the name/],
    [
      "a wrong namespace",
      manifest({}, { namespace: "a.b" }),
      { target: PROD },
      /metadata.namespace: must be a namespace/,
    ],
    ["an unknown field", manifest({ specs: {} }), { target: PROD }, /specs: unknown field; did you mean `spec`\?/],
    [
      "no spec",
      manifest({ spec: undefined }),
      { target: PROD },
      /spec.statefulSetSelector: it is missing; add matchLabels/,
    ],
    [
      "a wrong spec",
      manifest({ spec: { ...SPEC, rollingUpdate: { maxUnavailable: "x%" } } }),
      { target: PROD },
      /spec.rollingUpdate.maxUnavailable: "x%" is neither/,
    ],
    [
      "another namespace in the spec",
      manifest({ spec: { ...SPEC, namespace: "loki" } }),
      { target: PROD },
      /it names namespace loki, but the resource is in mimir/,
    ],
    [
      "a huge spec",
      manifest({ spec: { ...SPEC, azOrder: Array.from({ length: 9_000 }, (_, n) => `zone-number-${n}`) } }),
      { target: PROD },
      /more than 100000; make it smaller/,
    ],
    [
      "a wrong selector",
      manifest(),
      { target: { selector: { matchLabels: { "a b": "c" } } } },
      /selector: matchLabels has the key "a b"/,
    ],
    ["no target", manifest(), {}, /target: must be the name of one cluster, or a selector/],
    [
      "two targets",
      manifest(),
      { target: { cluster: "eu", ...PROD } },
      /target: must be the name of one cluster, or a selector/,
    ],
    [
      "an unknown cluster",
      manifest(),
      { target: { cluster: "eux" } },
      /cluster eux: it is not registered; did you mean eu\?/,
    ],
  ];
  it.each(rows)("%s", async (_sentence, raw, request, says) => {
    const reply = await world.ask("resource.apply", { manifest: raw, ...request });
    expect(reply.ok).toBe(false);
    if (!reply.ok) expect(`${reply.error.object}: ${reply.error.cause}; ${reply.error.nextStep}`).toMatch(says);
    expect(world.hub.hub.fleet.size + world.hub.hub.specs.size).toBe(0);
    expect(world.hub.sent).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    ["leaves", { state: "Deregistering" }, /is being deregistered/],
    ["lacks the capability", { capabilities: ["observe"] }, /without the capability rollouts/],
    ["covers other namespaces", { namespaces: ["loki"] }, /for the namespaces loki only, not for mimir/],
  ])("a cluster that %s", async (_sentence, changes, says) => {
    await world.join("x", {}, changes);
    const reply = await world.ask("resource.apply", { manifest: manifest(), target: { cluster: "x" } });
    expect(reply).toMatchObject({ ok: false, error: { cause: expect.stringMatching(says) } });
    expect(world.hub.hub.specs.size).toBe(0);
  });

  it("a resource that lives in the cluster itself", async () => {
    await world.hub.work.schedule({ ...hubKey(ID, "eu"), home: "cluster" }, 0, { posted: false });
    const reply = await world.ask("resource.apply", { manifest: manifest(), target: { cluster: "eu" } });
    expect(reply).toMatchObject({ ok: false, error: { cause: expect.stringMatching(/lives in cluster eu itself/) } });
  });

  it("by name, what a cluster has from the fleet; and to delete it there", async () => {
    await world.apply(PROD);
    await world.passes();
    const says = { ok: false, error: { cause: "cluster eu has it from the fleet, by its labels" } };
    expect(await world.ask("resource.apply", { manifest: manifest(), target: { cluster: "eu" } })).toMatchObject(says);
    expect(await world.ask("resource.delete", { id: ID, cluster: "eu" })).toMatchObject(says);
  });

  it("an apply while it is being deleted", async () => {
    await world.apply(PROD);
    await world.passes();
    await world.done("resource.delete", { id: ID });
    const reply = await world.ask("resource.apply", { manifest: manifest(), target: PROD });
    expect(reply).toMatchObject({ ok: false, error: { cause: "it is being deleted" } });
  });

  it.each<[string, object, RegExp]>([
    [
      "a resource nobody applied",
      { id: { ...ID, name: "ingester" } },
      /keeps no such resource; did you mean ingesters\?/,
    ],
    [
      "one applied by name, without its cluster",
      { id: { ...ID, name: "named" } },
      /applied to lab by name; name the cluster: --cluster lab/,
    ],
    ["one the cluster does not have", { id: ID, cluster: "lab" }, /keeps none for cluster lab; .*kubectl/],
    ["in an unknown cluster", { id: ID, cluster: "labb" }, /not registered; did you mean lab\?/],
  ])("to delete %s", async (_sentence, request, says) => {
    await world.apply(PROD);
    await world.done("resource.apply", { manifest: manifest({}, { name: "named" }), target: { cluster: "lab" } });
    const reply = await world.ask("resource.delete", { ...request });
    expect(reply.ok).toBe(false);
    if (!reply.ok) expect(`${reply.error.cause}; ${reply.error.nextStep}`).toMatch(says);
  });
});

describe("apply by labels", () => {
  it("writes one row and tells the clusters that match", async () => {
    expect(await world.apply(PROD)).toEqual({
      ...ID,
      change: "created",
      generation: 1,
      fields: [
        { path: "spec", after: SPEC },
        { path: "selector", after: PROD.selector },
      ],
      clusters: [
        { cluster: "eu", change: "create" },
        { cluster: "us", change: "create" },
      ],
      warnings: [],
    });
    expect(world.told()).toEqual(["eu", "us"]);
    await world.passes();
    expect((await world.hub.hub.listPlaced(ID)).map(({ cluster }) => cluster)).toEqual(["eu", "us"]);
  });

  it("says what would change and changes nothing", async () => {
    await world.apply(PROD);
    await world.passes();
    const before = structuredClone(world.hub.hub.fleet);
    const selector = { matchLabels: { stage: "dev" } };
    expect(await world.apply({ selector }, paused, { dryRun: true })).toMatchObject({
      change: "configured",
      generation: 2,
      fields: [
        { path: "spec.paused", after: true },
        { path: "selector.matchLabels.stage", before: "prod", after: "dev" },
      ],
      clusters: [
        { cluster: "eu", change: "remove" },
        { cluster: "lab", change: "create" },
        { cluster: "us", change: "remove" },
      ],
    });
    expect(world.hub.hub.fleet).toEqual(before);
    expect(world.told()).toEqual(["eu", "us"]);
  });

  it("of the same again bumps nothing, and tells those who have not got it yet", async () => {
    await world.apply(PROD);
    await world.pass("eu");
    expect(await world.apply(PROD)).toMatchObject({ change: "unchanged", generation: 1, fields: [] });
    expect(world.told()).toEqual(["eu", "us", "us"]);
  });

  it("bumps the generation for each change, whoever else writes", async () => {
    await world.apply(PROD);
    const saveFleet = world.hub.hub.saveFleet.bind(world.hub.hub);
    let others = 2;
    world.hub.hub.saveFleet = async (next, asRead) => {
      if (others > 0 && asRead !== undefined) {
        others -= 1;
        await saveFleet({ ...asRead, generation: asRead.generation + 1, writtenBy: `other-${others}` }, asRead);
      }
      return saveFleet(next, asRead);
    };
    expect(await world.apply(PROD, paused)).toMatchObject({ change: "configured", generation: 4 });
  });

  it("warns of what it cannot do", async () => {
    const nobody = await world.apply({ selector: { matchLabels: { stage: "none" } } }, {}, { dryRun: true });
    expect(nobody["warnings"]).toEqual([expect.stringMatching(/no registered cluster has such labels now/)]);
    await world.join("us", { stage: "prod" }, { capabilities: ["observe"] });
    await world.apply({ cluster: "eu" });
    await world.join("ap", { stage: "prod" });
    await world.hub.work.schedule({ ...hubKey(ID, "ap"), home: "cluster" }, 0, { posted: false });
    const { warnings, clusters } = await world.apply(PROD);
    expect(warnings).toEqual([
      expect.stringMatching(/cluster us is registered without the capability rollouts/),
      expect.stringMatching(/applied to eu by name/),
      expect.stringMatching(/HomeConflict: ap has the same resource/),
    ]);
    expect(clusters).toContainEqual({ cluster: "eu", change: "conflict" });
    expect(world.told()).not.toContain("lab");
  });
});

describe("apply to one cluster", () => {
  it("writes its SPEC, makes its work visible and tells the cluster", async () => {
    expect(await world.apply({ cluster: "lab" })).toMatchObject({ change: "created", generation: 1 });
    expect(await world.hub.hub.loadSpec(hubKey(ID, "lab"))).toMatchObject({
      origin: "cluster",
      spec: SPEC,
      generation: 1,
    });
    expect(await world.hub.work.load(hubKey(ID, "lab"))).toMatchObject({ ticket: 1 });
    expect(world.told()).toEqual(["lab"]);
    expect(await world.apply({ cluster: "lab" }, paused)).toMatchObject({
      change: "configured",
      generation: 2,
      fields: [{ path: "spec.paused", after: true }],
    });
  });

  it("in the default namespace when the manifest names none", async () => {
    const { namespace } = await world.done("resource.apply", {
      manifest: manifest({}, { namespace: undefined }),
      target: { cluster: "lab" },
      namespace: "loki",
    });
    expect(namespace).toBe("loki");
  });

  it("and delete it again: it goes when the cluster has let go", async () => {
    await world.apply({ cluster: "lab" });
    await world.pass("lab");
    expect(await world.done("resource.delete", { id: ID, cluster: "lab", dryRun: true })).toMatchObject({
      change: "deleting",
    });
    expect(await world.hub.hub.loadSpec(hubKey(ID, "lab"))).toMatchObject({ deleting: false });
    await world.done("resource.delete", { id: ID, cluster: "lab" });
    await world.pass("lab");
    expect(world.hub.hub.specs.size).toBe(0);
    expect(world.hub.released).toHaveLength(1);
  });
});

describe("delete by labels", () => {
  it("marks it, and it goes with the last cluster that has it", async () => {
    await world.apply(PROD);
    await world.passes();
    expect(await world.done("resource.delete", { id: ID })).toEqual({
      ...ID,
      change: "deleting",
      clusters: [
        { cluster: "eu", change: "remove" },
        { cluster: "us", change: "remove" },
      ],
    });
    await world.pass("eu");
    expect(await world.hub.hub.loadFleet(ID)).toMatchObject({ deleting: true });
    await world.pass("us");
    expect(await world.hub.hub.loadFleet(ID)).toBeUndefined();
  });

  it("goes at once when no cluster has it", async () => {
    await world.apply({ selector: { matchLabels: { stage: "none" } } });
    expect(await world.done("resource.delete", { id: ID })).toMatchObject({ change: "deleted", clusters: [] });
    expect(world.hub.hub.fleet.size).toBe(0);
  });
});

describe("a fleet resource at a glance", () => {
  it("counts clusters by phase and names what is wrong first", async () => {
    await world.join("ap", { stage: "prod" });
    await world.join("sa", { stage: "prod" });
    await world.apply({ cluster: "ap" });
    await world.apply(PROD);
    await world.passes();
    await world.ink(ID, "eu", { phase: "Completed", observedGeneration: 1 });
    const conditions = [{ type: "Ready", status: "False", reason: "Overlap", message: "claimed already" }];
    await world.ink(ID, "us", { phase: "Held", observedGeneration: 1, conditions });
    const view = await world.done("fleet.get", { id: ID });
    expect(view).toMatchObject({
      generation: 1,
      deleting: false,
      rollUp: {
        clusters: 4,
        phases: { Completed: 1, Conflict: 1, Held: 1, Pending: 1 },
        notCompleted: ["ap", "sa", "us"],
        worst: { cluster: "ap", phase: "Conflict" },
      },
      placements: [
        { cluster: "ap" },
        { cluster: "eu", phase: "Completed" },
        { cluster: "sa" },
        { cluster: "us", reason: "Overlap" },
      ],
    });
    expect(view).not.toHaveProperty("writtenBy");
    expect(await world.done("fleet.list", { kind: ID.kind })).toEqual([view]);
    expect(await world.done("fleet.list", { namespace: "loki" })).toEqual([]);
  });

  it("believes no status of an earlier generation, and shows what leaves", async () => {
    await world.apply(PROD);
    await world.passes();
    await world.ink(ID, "eu", { phase: "Completed", observedGeneration: 1 });
    await world.apply(PROD, paused);
    await world.join("us", { stage: "dev" });
    expect(await world.done("fleet.get", { id: ID })).toMatchObject({
      rollUp: { phases: { Pending: 1, Removing: 1 }, notCompleted: ["eu", "us"] },
    });
  });

  it("is asked for by its right name", async () => {
    expect(await world.ask("fleet.get", { id: ID })).toMatchObject({
      ok: false,
      error: { cause: "no selector placed it" },
    });
  });
});

it("audit rows come from the log, and questions go where they went before", async () => {
  const row = { id: "1", resource: hubKey(ID, "eu"), at: "", result: "finished" as const, intended: [], outcomes: [] };
  world.audit.push(row, row);
  expect(await world.done("audit.list", { cluster: "eu", limit: 1 })).toEqual([row]);
  expect(await world.ask("audit.list", { cluster: "eu", limit: 0 })).toMatchObject({ ok: false });
  expect(await world.ask("cluster.get", { name: "eu" })).toMatchObject({ ok: true });
  expect(await world.ask("cluster.eat", {})).toMatchObject({ ok: false });
});
