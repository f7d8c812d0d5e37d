import { beforeEach, describe, expect, it } from "vitest";
import { ApiError, ConnectionError } from "../../../lib/kubernetes/errors.ts";
import { discoveryKey } from "../../../lib/registry/discovery-key.ts";
import { RegistrationRefusedError } from "../../../lib/registry/ports.ts";
import { admitRegistrations, handleRegistration } from "../../../lib/registry/register.ts";
import { tellDeregistered } from "../../../lib/registry/tell-deregistered.ts";
import { RetryableError } from "../../../lib/work/verdict.ts";
import { rowId } from "../../fakes/work-store.ts";
import { ARN, at, body, OTHER_ARN } from "./build.ts";
import { fakeHub, HUB_ID } from "./hub.ts";

let hub: ReturnType<typeof fakeHub>;
beforeEach(() => {
  hub = fakeHub();
});

const send = (type: string, detail: Record<string, unknown>, id = "e-1") =>
  handleRegistration(hub.ports, { messageId: "m", body: body(type, detail, { id }) });
const register = (fields: Record<string, unknown> = {}, id = "e-1") =>
  send("Cluster Registered", { name: "prod", arn: ARN, at: at(1), ...fields }, id);
const detailTypes = () => hub.events.map(({ detailType }) => detailType);
const KEY = {
  cluster: "prod",
  home: "cluster" as const,
  kind: "MultiAZRollout",
  namespace: "mimir",
  name: "ingesters",
};

describe("a registered cluster", () => {
  it("is written, probed and discovered at once, and announced", async () => {
    expect(await register()).toEqual({ type: "done" });
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Active", identity: `${ARN}@1` });
    expect(hub.probes).toMatchObject([{ message: { clusters: ["prod"] }, delaySeconds: 0 }]);
    expect(hub.sent).toMatchObject([{ message: { key: discoveryKey("prod"), ticket: 1 }, delaySeconds: 0 }]);
    expect(hub.installed).toEqual(["prod"]);
    expect(hub.events).toMatchObject([
      {
        detailType: "Cluster Registration Completed",
        detail: { change: "registered", customResources: "installed", eventId: "e-1" },
      },
    ]);
  });

  it("is one registration however often the event comes, and what follows is made good", async () => {
    await register();
    await register();
    expect((await hub.registry.list()).registrations).toHaveLength(1);
    expect(await hub.work.load(discoveryKey("prod"))).toMatchObject({ ticket: 2 });
  });

  it("is registered all the same when it does not answer now", async () => {
    hub.ports.connect = async () => {
      throw new ConnectionError("timeout", "https://x", "no answer in 5 s");
    };
    await register();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Active" });
    expect(hub.events[0]?.detail).toMatchObject({ customResources: "pending", message: "no answer in 5 s" });
    expect(hub.sent).toHaveLength(1);
  });

  it("keeps its CRDs to itself when asked to", async () => {
    await register({ installCustomResources: false });
    expect(hub.installed).toEqual([]);
    expect(hub.events[0]?.detail).toMatchObject({ customResources: "notRequested" });
  });

  it("wins a race by reading again", async () => {
    const { registry } = hub;
    let first = true;
    hub.ports.registry = {
      ...hub.registry,
      async save(next, asRead) {
        if (first) {
          first = false;
          await registry.save({ ...next, at: at(0), eventId: "other", labels: { who: "other" } }, asRead);
        }
        return registry.save(next, asRead);
      },
    };
    expect(await register()).toEqual({ type: "done" });
    expect(await hub.registry.load("prod")).toMatchObject({ eventId: "e-1", labels: {} });
  });
});

describe("a wrong event is kept, counted and announced, and nothing of it is applied", () => {
  const cases: [sentence: string, type: string, detail: Record<string, unknown>, reason: RegExp][] = [
    ["a missing name", "Cluster Registered", { arn: ARN }, /^detail.name: is missing/],
    [
      "two kinds of access",
      "Cluster Registered",
      { name: "prod", arn: ARN, kubeconfigSecret: "s" },
      /names 2 kinds of access/,
    ],
    [
      "an update of an unknown cluster",
      "Cluster Updated",
      { name: "nobody", arn: ARN },
      /cluster nobody is not registered, so Cluster Updated has nothing/,
    ],
    [
      "a deregistration of an unknown cluster",
      "Cluster Deregistered",
      { name: "nobody" },
      /cluster nobody is not registered/,
    ],
    [
      "a changed resource of an unknown cluster",
      "Resource Changed",
      { cluster: "nobody", kind: "MultiAZRollout", namespace: "a", name: "b" },
      /cluster nobody is not registered; register it first/,
    ],
  ];
  it.each(cases)("%s", async (_sentence, type, detail, reason) => {
    expect(await send(type, detail)).toMatchObject({ type: "rejected" });
    expect(hub.letters).toMatchObject([{ reason: expect.stringMatching(reason) }]);
    expect(hub.letters[0]?.body).toBe(body(type, detail));
    expect(hub.counted).toEqual({ RegistrationsRejected: [1] });
    expect(detailTypes()).toEqual(["Cluster Registration Rejected"]);
    expect((await hub.registry.list()).registrations).toEqual([]);
    expect(hub.sent).toEqual([]);
  });

  it("also when only the cluster itself can tell", async () => {
    hub.ports.resolveIdentity = async () => {
      throw new RegistrationRefusedError(["kubeconfig secret s: user admin has exec credentials, which are refused"]);
    };
    expect(await register()).toEqual({ type: "rejected", problems: [expect.stringContaining("exec credentials")] });
    expect(await hub.registry.load("prod")).toBeUndefined();
  });

  it("also when the name is taken", async () => {
    await register();
    await register({ arn: OTHER_ARN, at: at(2) }, "e-2");
    expect(hub.letters).toMatchObject([{ reason: expect.stringContaining("is taken by") }]);
    expect(await hub.registry.load("prod")).toMatchObject({ eventId: "e-1" });
  });
});

describe("a cluster that is registered under another name", () => {
  const alias = (seconds: number, id: string) => register({ name: "alias", at: at(seconds) }, id);
  const deregister = () => send("Cluster Deregistered", { name: "prod", at: at(3) }, "e-3");

  it("is refused, with that name and the way out", async () => {
    await register();
    const problem = expect.stringMatching(/registered as prod already.*`outrigger cluster deregister prod`/);
    expect(await alias(2, "e-2")).toEqual({ type: "rejected", problems: [problem] });
    expect((await hub.registry.list()).registrations.map(({ name }) => name)).toEqual(["prod"]);
    expect(hub.probes).toHaveLength(1);
  });

  it("is refused while that name is being deregistered, and accepted afterwards", async () => {
    await register();
    await hub.work.schedule(KEY, hub.clock.nowMs, { posted: true });
    await hub.work.take(KEY, 1, { owner: "w", nowMs: hub.clock.nowMs, leaseUntilMs: hub.clock.nowMs + 5_000 });
    await deregister();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistering" });
    expect(await alias(4, "e-4")).toMatchObject({ type: "rejected" });
    hub.clock.nowMs += 10_000;
    await deregister();
    expect(await alias(5, "e-5")).toEqual({ type: "done" });
  });

  it("is refused also when the other name came first by a moment", async () => {
    const nameOf = hub.registry.nameOf.bind(hub.registry);
    hub.registry.nameOf = async () => {
      hub.registry.nameOf = nameOf;
      await register();
      return undefined;
    };
    expect(await alias(2, "e-2")).toMatchObject({ type: "rejected" });
    expect((await hub.registry.list()).registrations.map(({ name }) => name)).toEqual(["prod"]);
  });
});

describe("a failure that may pass", () => {
  it("sends only its own record back to the queue", async () => {
    hub.ports.resolveIdentity = async (access) => {
      if (access.type === "eks" && access.clusterName === "busy") throw new Error("Throttled");
      return { identity: "i" };
    };
    const records = [
      { messageId: "bad", body: "{" },
      {
        messageId: "busy",
        receiptHandle: "r-busy",
        attributes: { ApproximateReceiveCount: "2" },
        body: body("Cluster Registered", { name: "busy", arn: ARN.replace("/prod", "/busy") }),
      },
      { messageId: "good", body: body("Cluster Registered", { name: "prod", arn: ARN }) },
    ];
    expect(await admitRegistrations(hub.ports, records)).toEqual({ batchItemFailures: [{ itemIdentifier: "busy" }] });
    expect((await hub.registry.list()).registrations.map(({ name }) => name)).toEqual(["prod"]);
    expect(hub.letters).toHaveLength(1);
    expect(hub.postponed).toEqual([{ receiptHandle: "r-busy", afterSeconds: 20 }]);
  });

  it("is retryable when a refused event cannot be kept", async () => {
    hub.ports.deadLetters = { put: async () => Promise.reject(new Error("down")) };
    await expect(send("Cluster Registered", {})).rejects.toThrow(RetryableError);
  });

  it("does not undo what is written when it is only the event bus", async () => {
    hub.ports.bus = { put: async () => Promise.reject(new Error("down")) };
    expect(await register()).toEqual({ type: "done" });
  });
});

describe("a changed resource", () => {
  beforeEach(async () => {
    await register({ namespaces: ["mimir"] });
    hub.sent.length = 0;
  });
  const changed = (fields: Record<string, unknown> = {}) =>
    send(
      "Resource Changed",
      { cluster: "prod", kind: "MultiAZRollout", namespace: "mimir", name: "ingesters", ...fields },
      "e-9",
    );

  it("is looked at now when it is known", async () => {
    await hub.work.schedule(KEY, hub.clock.nowMs + 300_000, { posted: false });
    expect(await changed()).toEqual({ type: "done" });
    expect(hub.sent).toMatchObject([{ message: { key: KEY, ticket: 2 }, delaySeconds: 0 }]);
  });
  it("is looked for now when it is not", async () => {
    await changed();
    expect(hub.sent).toMatchObject([{ message: { key: discoveryKey("prod") } }]);
  });
  it("is looked for now when it is a StatefulSet, whose labels the discovery pass reads", async () => {
    expect(await changed({ kind: "StatefulSet" })).toEqual({ type: "done" });
    expect(hub.sent).toMatchObject([{ message: { key: discoveryKey("prod") } }]);
  });
  it.each([
    [
      "of a kind nobody reconciles",
      { kind: "MultiAZRolout" },
      /nothing here reconciles MultiAZRolout; did you mean MultiAZRollout\?/,
    ],
    [
      "in a namespace that is not watched",
      { namespace: "other" },
      /registered for the namespaces mimir only, not for "other"/,
    ],
  ])("%s is refused", async (_sentence, fields, reason) => {
    await changed(fields);
    expect(hub.letters).toMatchObject([{ reason: expect.stringMatching(reason) }]);
    expect(hub.sent).toEqual([]);
  });
});

describe("a deregistered cluster", () => {
  const deregister = (fields: Record<string, unknown> = {}) =>
    send("Cluster Deregistered", { name: "prod", at: at(5), ...fields }, "e-5");
  beforeEach(async () => {
    await register({ namespaces: ["mimir"] });
    await hub.work.schedule(KEY, hub.clock.nowMs, { posted: true });
    hub.events.length = 0;
    hub.sent.length = 0;
  });

  /** What the discovery pass of the cluster leaves behind. */
  async function discovered(state: unknown, key = discoveryKey("prod")): Promise<void> {
    const { ticket = 1 } = (await hub.work.load(key)) ?? {};
    const nowMs = hub.clock.now();
    const taken = await hub.work.take(key, ticket, { owner: "w", nowMs, leaseUntilMs: nowMs + 1_000 });
    if (typeof taken === "string") return expect.unreachable(taken);
    const holding = { key, fence: taken.row.fence, owner: "w", ticket, identity: `${ARN}@1` };
    const status = { conditions: [] };
    await hub.work.ink(holding, { state, status, outcomes: [], nextDueAtMs: nowMs + 30_000, posted: false });
  }

  it("gets its claims back, its work is forgotten, and a tombstone stays", async () => {
    await deregister();
    expect(hub.released).toEqual([{ hubId: HUB_ID, cluster: "prod", namespaces: ["mimir"] }]);
    expect(await hub.registry.load("prod")).toMatchObject({
      state: "Deregistered",
      expiresAt: hub.clock.nowMs / 1000 + 14 * 24 * 3600,
    });
    expect(await hub.work.listCluster("prod")).toEqual([]);
    expect(hub.events).toMatchObject([{ detailType: "Cluster Deregistration Completed", detail: { forced: false } }]);
    expect(await register({ at: at(4) }, "late")).toMatchObject({ type: "ignored" });
  });

  describe("whose event cannot be sent, or whose worker dies after that", () => {
    const completed = () => hub.events.filter(({ detailType }) => detailType.startsWith("Cluster Dereg"));
    const cutOff = async (what: "before" | "after") => {
      const { bus } = hub.ports;
      const put: typeof bus.put = async (events) => {
        if (what === "after") await bus.put(events);
        throw new Error("killed");
      };
      hub.ports.bus = { put };
      await expect(deregister({ force: true })).rejects.toThrow(RetryableError);
      hub.ports.bus = bus;
      expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered", untold: { forced: true } });
      expect(await hub.work.listCluster("prod")).toHaveLength(2);
    };
    const told = { cluster: "prod", identity: `${ARN}@1`, forced: true, eventId: "e-5" };

    it.each([
      ["before", 1],
      ["after", 2],
    ] as const)("is told of with the same message again: cut off %s", async (what, times) => {
      await cutOff(what);
      await deregister({ force: true });
      await deregister({ force: true });
      expect(completed().map(({ detail }) => detail)).toEqual(Array(times).fill(told));
      expect((await hub.registry.load("prod"))?.untold).toBeUndefined();
    });

    it("is told of by whoever forgets its work", async () => {
      await cutOff("before");
      const tombstone = await hub.registry.load("prod");
      if (tombstone === undefined) return expect.unreachable();
      await tellDeregistered(hub.ports, tombstone);
      await tellDeregistered(hub.ports, tombstone);
      expect(completed().map(({ detail }) => detail)).toEqual([told]);
    });

    it("is told of with a later deregistration, under its id", async () => {
      await cutOff("before");
      await send("Cluster Deregistered", { name: "prod", at: at(6) }, "e-6");
      expect(completed().map(({ detail }) => detail)).toEqual([{ ...told, eventId: "e-6" }]);
    });

    it("is not told of any more once it was registered anew", async () => {
      await cutOff("before");
      const tombstone = await hub.registry.load("prod");
      await register({ at: at(6) }, "e-6");
      if (tombstone !== undefined) await tellDeregistered(hub.ports, tombstone);
      expect(completed()).toEqual([]);
      expect(await hub.registry.load("prod")).toMatchObject({ state: "Active" });
    });
  });

  it("loses its guard before anything else, and keeps its claims until that is done", async () => {
    const memory = { checkedAt: at(0), definition: "abc" };
    await discovered({ guard: memory });
    const { leaveGuard } = hub.ports;
    hub.ports.leaveGuard = async () => {
      throw new Error("validatingadmissionpolicies is forbidden");
    };
    await deregister();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistering" });
    expect(hub.released).toEqual([]);
    hub.ports.leaveGuard = leaveGuard;
    await deregister();
    expect(hub.left).toEqual([{ hubId: HUB_ID, cluster: "prod", memory }]);
    expect(hub.released).toHaveLength(1);
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
  });

  it("has what was left prepared in it taken back before the claims", async () => {
    const state = { scaleDown: {} };
    hub.work.states.set(rowId(KEY), { key: KEY, identity: `${ARN}@1`, state, status: {}, updatedAt: at(1) });
    await deregister();
    expect(hub.givenBack).toEqual([{ key: KEY, hubId: HUB_ID, state }, "claims"]);
  });

  it("is not kept by pods that do not answer, however many resources have prepared some", async () => {
    for (const name of ["a", "b", "c", "d"]) {
      const key = { ...KEY, name };
      await hub.work.schedule(key, hub.clock.nowMs, { posted: true });
      hub.work.states.set(rowId(key), { key, identity: `${ARN}@1`, state: {}, status: {}, updatedAt: at(1) });
    }
    const begunAt = hub.clock.now();
    hub.ports.takeBack = async ({ lease, now }) => {
      const since = now();
      while (lease.mayWrite() && now() - since < 20_000) hub.clock.nowMs += 5_000;
      return [];
    };
    await deregister();
    expect(hub.clock.now() - begunAt).toBeLessThanOrEqual(20_000);
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
  });

  it("loses its guard also where somebody had a pass of another name looked for", async () => {
    const own = hub.work.rows.get(rowId(discoveryKey("prod")));
    hub.work.rows.delete(rowId(discoveryKey("prod")));
    const stray = { ...discoveryKey("prod"), name: "other" };
    await hub.work.schedule(stray, hub.clock.nowMs, { posted: true });
    await discovered({}, stray);
    if (own !== undefined) hub.work.rows.set(rowId(own.key), own);
    const memory = { checkedAt: at(0), definition: "abc" };
    await discovered({ guard: memory });
    await deregister();
    expect(hub.left).toEqual([{ hubId: HUB_ID, cluster: "prod", memory }]);
  });

  it("waits for the worker that holds a resource, and stops new work meanwhile", async () => {
    const lease = { owner: "w", nowMs: hub.clock.nowMs, leaseUntilMs: hub.clock.nowMs + 60_000 };
    await hub.work.take(KEY, 1, lease);
    await deregister();
    expect(hub.released).toEqual([]);
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistering" });
    expect(hub.sent).toMatchObject([{ message: { key: discoveryKey("prod") }, delaySeconds: 5 }]);
  });

  it("is tried again until it answers", async () => {
    const { connect } = hub.ports;
    hub.ports.connect = async () => {
      throw new ConnectionError("tcp", "https://x", "refused");
    };
    await deregister();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistering" });
    expect(hub.sent).toMatchObject([{ message: { key: discoveryKey("prod") } }]);
    hub.ports.connect = connect;
    await deregister();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
  });

  it("needs no answer when forced", async () => {
    hub.ports.connect = async () => {
      throw new ConnectionError("tcp", "https://x", "refused");
    };
    await deregister({ force: true });
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
    expect(hub.events[0]?.detail).toMatchObject({ forced: true });
  });

  it.each([
    ["are taken back too", false],
    ["are left where the rule has gone with the namespace", true],
  ])("whose claims lie in a namespace it is no longer registered for: they %s", async (_sentence, isForbidden) => {
    const outside = { ...KEY, home: "hub" as const, namespace: "loki" };
    await hub.work.schedule(outside, hub.clock.nowMs, { posted: true });
    const { releaseClaims } = hub.ports;
    hub.ports.releaseClaims = async (client, hubId, scope) => {
      await releaseClaims(client, hubId, scope);
      if (isForbidden && "resource" in scope) await forbidden();
    };
    await deregister();
    expect(hub.released).toEqual([
      { hubId: HUB_ID, cluster: "prod", namespaces: ["mimir"] },
      { hubId: HUB_ID, cluster: "prod", resource: { namespace: "loki", name: "ingesters" } },
    ]);
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
  });

  const forbidden = async (): Promise<never> => {
    throw new ApiError({ status: 403, reason: "Forbidden", message: "statefulsets is forbidden", request: "GET" });
  };

  it("in which there never was anything to claim needs no rule to leave", async () => {
    await hub.work.forget(KEY, 0);
    await register({ at: at(2), capabilities: ["observe"] }, "e-2");
    hub.ports.releaseClaims = forbidden;
    await deregister();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistered" });
  });

  it("in which claims may be left waits for the rule to take them back", async () => {
    await register({ at: at(2), capabilities: ["observe"] }, "e-2");
    hub.ports.releaseClaims = forbidden;
    const told: unknown[] = [];
    hub.ports.log = (_level, _message, fields) => told.push(fields?.["cause"]);
    await deregister();
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Deregistering" });
    expect(await hub.work.load(KEY)).toBeDefined();
    expect(told).toContainEqual(expect.stringMatching(/forbidden; bind outrigger:rollouts to the group outrigger/));
  });

  it("may be registered again, also as another cluster", async () => {
    await deregister();
    await register({ arn: OTHER_ARN, at: at(6) }, "e-6");
    expect(await hub.registry.load("prod")).toMatchObject({ state: "Active", identity: `${OTHER_ARN}@1` });
  });
});
