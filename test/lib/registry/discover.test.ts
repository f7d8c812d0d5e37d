import { beforeEach, describe, expect, it } from "vitest";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { createDiscoveryReconciler } from "../../../lib/registry/discover.ts";
import { discoveryKey } from "../../../lib/registry/discovery-key.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import type { WorkKey } from "../../../lib/work/keys.ts";
import type { Intent, Reconciliation, Session } from "../../../lib/work/reconciler.ts";
import { at, registration } from "./build.ts";
import { fakeHub, HUB_ID } from "./hub.ts";

let hub: ReturnType<typeof fakeHub>;
let state: unknown;
let intents: Intent[];
let row: Registration;
beforeEach(async () => {
  hub = fakeHub();
  state = undefined;
  intents = [];
  row = registration({ version: "v1.35.4" });
  await hub.registry.save(row, undefined);
});

async function pass(key: WorkKey = discoveryKey("prod")): Promise<Reconciliation> {
  const session = {
    key,
    registration: row,
    hubId: HUB_ID,
    client: hub.cluster.client,
    state,
    trigger: "message",
    lease: { fence: 1, remainingMs: () => 60_000, handoverMs: () => 60_000, mayWrite: () => true },
    now: () => hub.clock.now(),
    log: () => undefined,
    pencil: async (intent: Intent) => void intents.push(intent),
  } as unknown as Session;
  const result = await createDiscoveryReconciler(hub.ports).reconcile(session);
  state = JSON.parse(JSON.stringify(result.state)) as unknown;
  hub.clock.nowMs += 30_000;
  return result;
}

const KEY = { cluster: "prod", home: "cluster" as const, kind: "MultiAZRollout", namespace: "mimir", name: "x" };
const resource = (generation = 1) => ({ namespace: "mimir", name: "x", uid: "u", generation });
const condition = ({ status }: Reconciliation, type: string) => status.conditions.find((each) => each.type === type);
const forbid =
  (status: number, reason = "") =>
  () => {
    throw new ApiError({ status, reason, message: "the server said no", request: "GET" });
  };

describe("a discovery pass", () => {
  it("hands a new resource to its lane at once, with one metadata list", async () => {
    hub.cluster.rollouts = () => [resource()];
    const result = await pass();
    expect(hub.cluster.requests).toEqual(["LIST multiazrollouts as metadata", "GET /version"]);
    expect(hub.sent).toMatchObject([{ message: { key: KEY, ticket: 1 }, delaySeconds: 0 }]);
    expect(result).toMatchObject({
      verdict: { type: "settled", seconds: 30 },
      status: { phase: "Discovered", resources: 1 },
    });
    await pass();
    expect(hub.sent).toHaveLength(1);
  });

  it("asks each namespace where the registration is limited to some", async () => {
    row = registration({ namespaces: ["loki", "mimir"] });
    hub.cluster.rollouts = () => [resource()];
    expect((await pass()).status).toMatchObject({ resources: 1 });
    expect(hub.cluster.requests.slice(0, 2)).toEqual([
      "LIST multiazrollouts in loki as metadata",
      "LIST multiazrollouts in mimir as metadata",
    ]);
  });

  it("takes claims back and forgets the work after two complete lists without the resource", async () => {
    hub.cluster.rollouts = () => [resource()];
    await pass();
    hub.cluster.rollouts = () => [];
    await pass();
    expect(hub.released).toEqual([]);
    await pass();
    expect(hub.released).toEqual([{ hubId: HUB_ID, cluster: "prod", resource: { namespace: "mimir", name: "x" } }]);
    expect(await hub.work.load(KEY)).toBeUndefined();
    await pass();
    expect(hub.released).toHaveLength(1);
  });

  it("keeps a gone resource until its worker has let go, and until its claims are back", async () => {
    hub.cluster.rollouts = () => [resource()];
    await pass();
    hub.cluster.rollouts = () => [];
    await pass();
    await hub.work.take(KEY, 1, { owner: "w", nowMs: hub.clock.nowMs, leaseUntilMs: hub.clock.nowMs + 10_000 });
    expect(condition(await pass(), "CleanedUp")).toMatchObject({
      status: "False",
      message: expect.stringContaining("MultiAZRollout/mimir/x: a worker still holds it"),
    });
    const { releaseClaims } = hub.ports;
    hub.ports.releaseClaims = async () => forbid(403)();
    expect(condition(await pass(), "CleanedUp")).toMatchObject({
      message: expect.stringMatching(
        /x: the server said no; bind outrigger:rollouts to the group outrigger .* next pass/,
      ),
    });
    hub.ports.releaseClaims = releaseClaims;
    expect(condition(await pass(), "CleanedUp")).toMatchObject({ status: "True" });
    expect(await hub.work.load(KEY)).toBeUndefined();
  });

  const holds: [sentence: string, fail: () => never, reason: string, message: RegExp][] = [
    [
      "a missing CRD",
      forbid(404),
      "CustomResourceMissing",
      /multiazrollouts.rollout.grafana.com is not served by cluster prod; register with installCustomResources/,
    ],
    [
      "a missing rule",
      forbid(403),
      "Forbidden",
      /forbids the list of multiazrollouts.rollout.grafana.com cluster-wide \(verb list\); bind outrigger:rollouts/,
    ],
    ["refused credentials", forbid(401), "Unauthorized", /access entry/],
    ["a list that expired", forbid(410, "Expired"), "Expired", /expired between two pages/],
    ["a broken server", forbid(500), "ServerError", /with 500/],
    [
      "no answer in time",
      () => {
        throw new ConnectionError("timeout", "https://x", "no answer in 10 s");
      },
      "Unreachable",
      /did not answer \(timeout\)/,
    ],
  ];
  it.each(holds)("%s holds everything and says so", async (_sentence, fail, reason, message) => {
    hub.cluster.rollouts = () => [resource()];
    await pass();
    hub.cluster.rollouts = fail;
    for (let look = 0; look < 3; look += 1) {
      const result = await pass();
      expect(result.status.phase).toBe("Held");
      expect(condition(result, "Ready")).toMatchObject({
        status: "False",
        reason,
        message: expect.stringMatching(message),
      });
    }
    expect(hub.released).toEqual([]);
    expect(await hub.work.load(KEY)).toBeDefined();
  });

  it("installs the CRDs once for each registration event, and looks again soon when they are new", async () => {
    hub.cluster.rollouts = forbid(404);
    expect(await pass()).toMatchObject({ verdict: { type: "requeueAfter", seconds: 2 } });
    expect(await pass()).toMatchObject({ verdict: { type: "settled" } });
    expect(hub.installed).toEqual(["prod"]);
    row = registration({ eventId: "e-2" });
    await pass();
    expect(hub.installed).toHaveLength(2);
  });

  it("tries again with each pass while they cannot be installed, and says why", async () => {
    hub.ports.installCustomResources = async () => {
      throw new Error("customresourcedefinitions is forbidden");
    };
    expect(condition(await pass(), "CustomResourcesInstalled")).toMatchObject({
      status: "False",
      message: expect.stringContaining("bind outrigger:install"),
    });
    hub.ports.installCustomResources = async () => undefined;
    expect(condition(await pass(), "CustomResourcesInstalled")).toMatchObject({ status: "True" });
  });

  it("keeps the time a condition turned", async () => {
    hub.cluster.rollouts = forbid(403);
    const first = condition(await pass(), "Ready");
    expect(condition(await pass(), "Ready")?.lastTransitionTime).toBe(first?.lastTransitionTime);
  });

  it("looks at the guard with what it knew of it, and tells what came of it", async () => {
    row = registration({ namespaces: ["mimir"], discoverIntervalSeconds: 20 });
    const guarded = { type: "Guarded", status: "True", reason: "NoDownscale", message: "1 StatefulSet" } as const;
    hub.ports.keepGuard = async (_client, scope, { wanted, memory }) => {
      expect(scope).toEqual({ hubId: HUB_ID, cluster: "prod", namespaces: ["mimir"], followsInSeconds: 20 });
      expect(wanted).toBe(true);
      return { memory: { checkedAt: at(0), definition: `${memory?.definition ?? ""}x` }, finding: guarded };
    };
    const first = condition(await pass(), "Guarded");
    expect(first).toMatchObject(guarded);
    expect(condition(await pass(), "Guarded")).toEqual(first);
    expect(state).toMatchObject({ guard: { definition: "xx" } });
    // A cluster that does not answer is not asked again: what was known stays.
    hub.ports.keepGuard = async () => expect.unreachable();
    hub.cluster.rollouts = () => {
      throw new ConnectionError("timeout", "https://x", "no answer in 10 s");
    };
    expect(condition(await pass(), "Guarded")).toEqual(first);
    expect(state).toMatchObject({ guard: { definition: "xx" } });
  });

  it("saves what a guard is about to be before it is written, and what came of it with its own outcome", async () => {
    hub.cluster.rollouts = () => [resource()];
    await pass();
    const action = { kind: "InstallGuard", object: "outrigger-no-downscale", reason: "Labelled" };
    const intended = { checkedAt: at(0), definition: "" };
    hub.ports.keepGuard = async (_client, _scope, { intend }) => {
      await intend(action, intended);
      return { memory: { ...intended, definition: "x" }, outcome: { ...action, result: "done" } };
    };
    const before = state;
    const { actions } = await pass();
    expect(intents).toEqual([{ actions: [action], state: { ...(before as object), guard: intended } }]);
    expect(actions).toEqual([{ ...action, result: "done" }]);
  });

  it("wants no guard for a registration without rollouts", async () => {
    row = registration({ capabilities: ["observe"] });
    const result = await pass();
    expect(hub.guards).toMatchObject([{ wanted: false, memory: undefined }]);
    expect(condition(result, "Guarded")).toBeUndefined();
  });

  it("lets go what an earlier cluster of that name left behind", async () => {
    await hub.work.schedule({ ...KEY, name: "old" }, hub.clock.nowMs, { posted: true });
    await pass();
    await pass();
    expect(await hub.work.load({ ...KEY, name: "old" })).toBeUndefined();
  });

  it("lets go, within minutes, a resource that was deleted before any pass found it", async () => {
    await pass();
    await hub.work.schedule(KEY, hub.clock.nowMs, { posted: true });
    for (let look = 0; look < 12; look += 1) await pass();
    expect(await hub.work.load(KEY)).toBeUndefined();
    expect(hub.released).toMatchObject([{ resource: { name: "x" } }]);
  });

  it("brings back the work of a resource whose row is gone, within minutes", async () => {
    hub.cluster.rollouts = () => [resource()];
    await pass();
    await hub.work.forget(KEY, 0);
    for (let look = 0; look < 11; look += 1) await pass();
    expect(await hub.work.load(KEY)).toMatchObject({ ticket: 1 });
    expect(hub.released).toEqual([]);
  });

  it("keeps the version of the registration true, and asks for it every five minutes", async () => {
    await hub.registry.save(registration({ version: "v1.34.0" }), row);
    row = registration({ version: "v1.34.0" });
    await pass();
    expect(await hub.registry.load("prod")).toMatchObject({ version: "v1.35.4", at: at(0) });
    for (let look = 0; look < 9; look += 1) await pass();
    expect(hub.cluster.requests.filter((request) => request === "GET /version")).toHaveLength(1);
    await pass();
    expect(hub.cluster.requests.filter((request) => request === "GET /version")).toHaveLength(2);
  });

  it("asks for the version at once while it is not known, and nobody else puts one", async () => {
    await pass();
    const { version: _known, ...unknown } = registration();
    await hub.registry.save(unknown, (await hub.registry.load("prod")) ?? row);
    row = unknown;
    await pass();
    expect(await hub.registry.load("prod")).toMatchObject({ version: "v1.35.4" });
    expect(hub.cluster.requests.filter((request) => request === "GET /version")).toHaveLength(2);
  });

  it("is one for each cluster: of another name there is none", async () => {
    hub.cluster.rollouts = () => [resource()];
    expect((await pass({ ...discoveryKey("prod"), name: "mimir" })).status).toMatchObject({ phase: "Gone" });
    expect([hub.cluster.requests, hub.sent, hub.guards]).toEqual([[], [], []]);
  });

  it("finishes a deregistration instead, as often as it takes", async () => {
    const active = row;
    row = registration({ state: "Deregistering" });
    await hub.registry.save(row, active);
    const { releaseClaims } = hub.ports;
    hub.ports.releaseClaims = async () => {
      throw new Error("forbidden");
    };
    expect(condition(await pass(), "Ready")).toMatchObject({
      reason: "Deregistering",
      message: expect.stringContaining("`force: true`"),
    });
    const turned = condition(await pass(), "Ready")?.lastTransitionTime;
    expect(condition(await pass(), "Ready")?.lastTransitionTime).toBe(turned);
    hub.ports.releaseClaims = releaseClaims;
    await pass();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
    expect(hub.cluster.requests).toEqual([]);
    expect(state).toBeNull();
  });
});
