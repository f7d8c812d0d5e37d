import { beforeEach, describe, expect, it } from "vitest";
import { hubKey } from "../../../lib/hub/resource.ts";
import { ID, SPEC } from "./rows.ts";
import { createWorld } from "./world.ts";

const PROD = { selector: { matchLabels: { stage: "prod" } } };
const paused = { spec: { ...SPEC, paused: true } };
const CAUSE = expect.stringMatching(/^its registration is not as this version writes it \(state: must be one of /);
const NEXT_STEP = expect.stringMatching(/^deploy the newest version/);
const UNREADABLE = [{ name: "eu", cause: CAUSE, nextStep: NEXT_STEP }];

let world: ReturnType<typeof createWorld>;
let mend: () => void;
/** "eu" and "us" have the resource when the registration of "eu" becomes unreadable. */
beforeEach(async () => {
  world = createWorld();
  await world.join("eu", { stage: "prod" });
  await world.join("us", { stage: "prod" });
  await world.apply(PROD);
  await world.passes();
  await world.ink(ID, "eu", { phase: "Completed", observedGeneration: 1 });
  await world.ink(ID, "us", { phase: "Completed", observedGeneration: 1 });
  mend = world.hub.registry.spoil("eu");
});

const specOf = (cluster: string) => world.hub.hub.loadSpec(hubKey(ID, cluster));

describe("a cluster whose registration cannot be read", () => {
  it.each([
    ["the clusters", "cluster.list", {}],
    ["the resources", "resource.list", {}],
    ["the hub at a glance", "status", {}],
    ["fleet resources", "fleet.list", {}],
    ["a fleet resource", "fleet.get", { id: ID }],
    ["an apply to the fleet", "resource.apply", { manifest: undefined }],
    ["a delete from the fleet", "resource.delete", { id: ID }],
  ])("is named beside the answer about %s", async (_sentence, action, request) => {
    const manifest = { apiVersion: "rollout.grafana.com/v1alpha1", kind: ID.kind, metadata: ID, spec: SPEC };
    const { namespace, name } = ID;
    const filled =
      "manifest" in request ? { manifest: { ...manifest, metadata: { namespace, name } }, target: PROD } : request;
    expect(await world.ask(action, filled)).toMatchObject({ ok: true, unreadable: UNREADABLE });
    mend();
    expect(await world.ask(action, filled)).not.toHaveProperty("unreadable");
  });

  it.each([
    ["cluster.get", { name: "eu" }],
    ["resource.list", { cluster: "eu" }],
    [
      "resource.apply",
      {
        manifest: {
          apiVersion: "rollout.grafana.com/v1alpha1",
          kind: ID.kind,
          metadata: { name: "other" },
          spec: SPEC,
        },
        target: { cluster: "eu" },
      },
    ],
    ["resource.delete", { id: ID, cluster: "eu" }],
  ])("is told why by %s, which is about it alone", async (action, request) => {
    expect(await world.ask(action, request)).toEqual({
      ok: false,
      error: { object: "cluster eu", cause: CAUSE, nextStep: NEXT_STEP },
    });
  });

  it("is counted, and its resources are still known", async () => {
    expect(await world.done("status", {})).toMatchObject({
      clusters: { Active: 1, Unreadable: 1 },
      resources: { [ID.kind]: { Completed: 2 } },
    });
    const resources = await world.done<{ key: { cluster: string } }[]>("resource.list", { kind: ID.kind });
    expect(resources.map(({ key }) => key.cluster)).toEqual(["eu", "us"]);
  });

  it("has the fleet's resource still, which looks neither removed nor completed", async () => {
    expect(await world.done("fleet.get", { id: ID })).toMatchObject({
      rollUp: {
        clusters: 2,
        phases: { Completed: 1, Unreadable: 1 },
        notCompleted: ["eu"],
        worst: { cluster: "eu", reason: "RegistrationUnreadable", message: CAUSE },
      },
      placements: [
        { cluster: "eu", phase: "Unreadable" },
        { cluster: "us", phase: "Completed" },
      ],
    });
  });

  it("keeps what it has while the others are changed, and gets the change when it can be read again", async () => {
    const before = await specOf("eu");
    expect(await world.apply(PROD, paused)).toMatchObject({ clusters: [{ cluster: "us", change: "update" }] });
    await world.pass("us");
    expect(await specOf("us")).toMatchObject({ spec: { paused: true } });
    expect(await specOf("eu")).toEqual(before);
    mend();
    await world.pass("eu");
    expect(await specOf("eu")).toMatchObject({ spec: { paused: true } });
  });

  it("keeps a resource that is deleted from ending before it has given it back", async () => {
    expect(await world.done("resource.delete", { id: ID })).toMatchObject({ change: "deleting" });
    await world.pass("us");
    expect(await specOf("us")).toBeUndefined();
    expect(await specOf("eu")).toMatchObject({ deleting: false });
    expect(await world.hub.hub.loadFleet(ID)).toMatchObject({ deleting: true });
    expect(await world.done("resource.delete", { id: ID })).toMatchObject({ change: "deleting" });
    mend();
    await world.pass("eu");
    expect(await specOf("eu")).toBeUndefined();
    expect(await world.hub.hub.loadFleet(ID)).toBeUndefined();
  });
});
