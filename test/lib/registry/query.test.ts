import { beforeEach, describe, expect, it } from "vitest";
import type { HealthRow } from "../../../lib/health/row.ts";
import { answerQuery, type QueryPorts } from "../../../lib/registry/query.ts";
import type { WorkKey } from "../../../lib/work/keys.ts";
import { at, registration } from "./build.ts";
import { fakeHub } from "./hub.ts";

let hub: ReturnType<typeof fakeHub>;
let ports: QueryPorts;
const KEY: WorkKey = {
  cluster: "prod",
  home: "cluster",
  kind: "MultiAZRollout",
  namespace: "mimir",
  name: "ingesters",
};
const health: HealthRow = {
  cluster: "prod",
  identity: registration().identity,
  class: "Degraded",
  since: at(0),
  observedAt: at(0),
  checks: [],
  expiresAt: 4_000_000_000,
};

beforeEach(async () => {
  hub = fakeHub();
  ports = { registry: hub.registry, work: hub.work, clock: hub.clock };
  await hub.registry.save(registration(), undefined);
  await hub.registry.save(registration({ name: "dev", state: "Deregistering", identity: "other" }), undefined);
  await hub.registry.saveHealth(health, undefined);
  await hub.registry.saveHealth({ ...health, cluster: "dev" }, undefined);
  await hub.work.schedule(KEY, hub.clock.nowMs, { posted: true });
  await hub.work.schedule({ ...KEY, kind: "Discovery", namespace: "", name: "prod" }, hub.clock.nowMs, {
    posted: true,
  });
  const holding = { key: KEY, fence: 1, owner: "w" };
  await hub.work.take(KEY, 1, { owner: "w", nowMs: hub.clock.nowMs, leaseUntilMs: hub.clock.nowMs + 1000 });
  const status = { phase: "Progressing", conditions: [] };
  const due = { nextDueAtMs: hub.clock.nowMs + 30_000, posted: true, leaveToDispatch: false };
  await hub.work.ink({ ...holding, ticket: 1, identity: "i" }, { state: {}, status, outcomes: [], ...due });
});

describe("what the api function answers", () => {
  it("lists clusters by name, and keeps the health of an earlier cluster of that name to itself", async () => {
    expect(await answerQuery(ports, { action: "cluster.list" })).toEqual({
      ok: true,
      data: [
        { registration: registration({ name: "dev", state: "Deregistering", identity: "other" }) },
        { registration: registration(), health },
      ],
    });
  });

  it("gives one cluster", async () => {
    expect(await answerQuery(ports, { action: "cluster.get", name: "prod" })).toMatchObject({
      ok: true,
      data: { health: { class: "Degraded" } },
    });
  });

  it("lists resources by kind, cluster and namespace", async () => {
    const list = async (filter: object) => {
      const reply = await answerQuery(ports, { action: "resource.list", ...filter });
      return reply.ok ? (reply.data as { key: WorkKey }[]).map(({ key }) => key.kind) : reply.error;
    };
    expect(await list({})).toEqual(["Discovery", "MultiAZRollout"]);
    expect(await list({ kind: "MultiAZRollout" })).toEqual(["MultiAZRollout"]);
    expect(await list({ namespace: "loki" })).toEqual([]);
    expect(await list({ cluster: "dev" })).toEqual([]);
    expect(await list({ cluster: "prdo" })).toEqual({
      object: "cluster prdo",
      cause: "it is not registered",
      nextStep: "did you mean prod?",
    });
  });

  it("gives one resource with its status", async () => {
    expect(await answerQuery(ports, { action: "resource.get", key: KEY })).toMatchObject({
      ok: true,
      data: { key: KEY, status: { phase: "Progressing" } },
    });
  });

  it("sums up the hub", async () => {
    hub.clock.nowMs += 600_000;
    expect(await answerQuery(ports, { action: "status" })).toEqual({
      ok: true,
      data: {
        clusters: { Active: 1, Deregistering: 1 },
        health: { Degraded: 1, NotProbed: 1 },
        resources: { Discovery: { Pending: 1 }, MultiAZRollout: { Progressing: 1 } },
        overdue: 2,
      },
    });
  });

  it.each([
    ["an unknown cluster", { action: "cluster.get", name: "nobody" }, "cluster nobody", /not registered/],
    [
      "an unknown resource",
      { action: "resource.get", key: { ...KEY, name: "x" } },
      "MultiAZRollout mimir/x in cluster prod",
      /does not know it/,
    ],
    ["an unknown question", { action: "cluster.eat" }, "request", /^action: must be one of cluster\.list, .*, status$/],
    ["no question", undefined, "request", /^request: is missing$/],
  ])("says what is wrong with %s", async (_sentence, question, object, cause) => {
    expect(await answerQuery(ports, question)).toMatchObject({
      ok: false,
      error: { object, cause: expect.stringMatching(cause), nextStep: expect.stringMatching(/./) },
    });
  });
});
