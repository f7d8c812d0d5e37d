import { beforeEach, describe, expect, it } from "vitest";
import { hubKey } from "../../../lib/hub/resource.ts";
import { createDiscoveryReconciler } from "../../../lib/registry/discover.ts";
import { discoveryKey } from "../../../lib/registry/discovery-key.ts";
import type { Registration } from "../../../lib/registry/registration.ts";
import type { Reconciliation, Session } from "../../../lib/work/reconciler.ts";
import { rowId } from "../../fakes/work-store.ts";
import { fleetRow, ID } from "../hub/rows.ts";
import { registration } from "./build.ts";
import { fakeHub, HUB_ID } from "./hub.ts";

let hub: ReturnType<typeof fakeHub>;
let state: unknown;
let row: Registration;
const KEY = hubKey(ID, "prod");

beforeEach(async () => {
  hub = fakeHub();
  state = undefined;
  row = registration({ version: "v1.35.4", labels: { stage: "prod" } });
  await hub.registry.save(row, undefined);
  await hub.hub.saveFleet(fleetRow(), undefined);
});

async function pass(): Promise<Reconciliation> {
  const session = {
    key: discoveryKey("prod"),
    registration: row,
    hubId: HUB_ID,
    client: hub.cluster.client,
    state,
    trigger: "message",
    lease: { fence: 1, remainingMs: () => 60_000, handoverMs: () => 60_000, mayWrite: () => true },
    now: () => hub.clock.now(),
    log: () => undefined,
  } as unknown as Session;
  const result = await createDiscoveryReconciler(hub.ports).reconcile(session);
  state = JSON.parse(JSON.stringify(result.state)) as unknown;
  hub.clock.nowMs += 30_000;
  return result;
}

const relabel = (labels: Record<string, string>): Promise<void> => change({ labels });

async function change(changes: Partial<Registration>): Promise<void> {
  const next = { ...row, ...changes, eventId: `${row.eventId}+` };
  await hub.registry.save(next, row);
  row = next;
}
const claims = { hubId: HUB_ID, cluster: "prod", resource: { namespace: "mimir", name: "ingesters" } };

describe("the hub's resources in a discovery pass", () => {
  it("are placed where they belong and handed to their lane once", async () => {
    await pass();
    expect(await hub.hub.loadSpec(KEY)).toMatchObject({ uid: "u", generation: 1, deleting: false, origin: "fleet" });
    expect(hub.sent.map(({ message }) => message.key)).toEqual([KEY]);
    await pass();
    expect(hub.sent).toHaveLength(1);
  });

  it("are handed to their lane again when they change", async () => {
    await pass();
    await hub.hub.saveFleet(fleetRow({ generation: 2, writtenBy: "w2" }), fleetRow());
    await pass();
    expect(await hub.hub.loadSpec(KEY)).toMatchObject({ generation: 2 });
    expect(hub.sent.map(({ message }) => message.ticket)).toEqual([1, 2]);
  });

  it("are handed to their lane by the next pass when this one dies before", async () => {
    const schedule = hub.work.schedule.bind(hub.work);
    hub.ports.work.schedule = async () => {
      throw new Error("killed");
    };
    await expect(pass()).rejects.toThrow("killed");
    hub.ports.work.schedule = schedule;
    await pass();
    expect(hub.sent.map(({ message }) => message.key)).toEqual([KEY]);
  });

  it("leave no claim and no row behind when the labels change", async () => {
    await pass();
    await relabel({ stage: "dev" });
    expect((await pass()).verdict).toMatchObject({ type: "settled" });
    expect(hub.released).toEqual([claims]);
    expect(await hub.hub.loadPlaced("prod")).toEqual({ specs: [], orphans: [] });
    expect(await hub.work.load(KEY)).toBeUndefined();
  });

  it("have what they left prepared taken back before their claims, unless an earlier cluster of the name saved it", async () => {
    await pass();
    const saved = { key: KEY, state: { scaleDown: {} }, status: {}, updatedAt: row.at };
    hub.work.states.set(rowId(KEY), { ...saved, identity: row.identity });
    await relabel({ stage: "dev" });
    await pass();
    expect(hub.givenBack).toEqual([{ key: KEY, hubId: HUB_ID, state: saved.state }, "claims"]);
    await relabel({ stage: "prod" });
    await pass();
    hub.work.states.set(rowId(KEY), { ...saved, identity: "earlier" });
    await relabel({ stage: "dev" });
    await pass();
    expect(hub.givenBack.slice(2)).toEqual(["claims"]);
  });

  it("wait for the worker that holds them, and come back soon", async () => {
    await pass();
    const leaseUntilMs = hub.clock.nowMs + 45_000;
    await hub.work.take(KEY, 1, { owner: "w", nowMs: hub.clock.nowMs, leaseUntilMs });
    await relabel({ stage: "dev" });
    expect((await pass()).verdict).toEqual({ type: "requeueAfter", seconds: 5 });
    expect(hub.released).toEqual([]);
    expect(await hub.hub.loadSpec(KEY)).toMatchObject({ deleting: true });
    hub.clock.nowMs += 60_000;
    await pass();
    expect(await hub.hub.loadSpec(KEY)).toBeUndefined();
  });

  it("that cannot be let go are tried again with the next pass, not every few seconds", async () => {
    await pass();
    hub.ports.releaseClaims = async () => {
      throw new Error("forbidden");
    };
    await relabel({ stage: "dev" });
    expect((await pass()).verdict).toEqual({ type: "settled", seconds: 30 });
    expect(await hub.hub.loadSpec(KEY)).toMatchObject({ deleting: true });
  });

  it.each<[string, Partial<Registration>]>([
    ["namespace", { namespaces: ["loki"] }],
    ["capability", { capabilities: ["observe"] }],
  ])(
    "of a %s that the registration lost give back what they left, once, and stay with all that is known of them",
    async (_what, lost) => {
      await pass();
      const action = { kind: "Pause", object: "mimir/ingesters", reason: "Ordered" };
      await hub.work.order(KEY, () => ({ paused: { at: row.at } }), { auditId: "order", action });
      const saved = { key: KEY, state: { scaleDown: {} }, status: {}, updatedAt: row.at, identity: row.identity };
      hub.work.states.set(rowId(KEY), saved);
      const leaseUntilMs = hub.clock.nowMs + 45_000;
      await hub.work.take(KEY, 1, { owner: "w", nowMs: hub.clock.nowMs, leaseUntilMs });
      const before = row;
      await change(lost);
      expect((await pass()).verdict).toEqual({ type: "requeueAfter", seconds: 5 });
      expect(hub.givenBack).toEqual([]);
      hub.clock.nowMs += 60_000;
      const released = hub.ports.releaseClaims;
      hub.ports.releaseClaims = async () => {
        throw new Error("forbidden");
      };
      expect((await pass()).status.conditions).toContainEqual(
        expect.objectContaining({ reason: "ReleasePending", message: expect.stringContaining("forbidden") }),
      );
      hub.ports.releaseClaims = released;
      hub.givenBack.length = 0;
      expect((await pass()).verdict).toMatchObject({ type: "settled" });
      expect(hub.givenBack).toEqual([{ key: KEY, hubId: HUB_ID, state: saved.state }, "claims"]);
      expect(hub.released).toEqual([claims]);
      expect(await hub.hub.loadSpec(KEY)).toMatchObject({ deleting: false });
      // Its lane tells why nothing is done about it.
      expect(await hub.work.load(KEY)).toMatchObject({ ticket: 2, ticketDone: 0, orders: { paused: { at: row.at } } });
      expect(hub.work.states.get(rowId(KEY))).toMatchObject({ state: saved.state });
      const told = hub.sent.length;
      await pass();
      expect(hub.released).toHaveLength(1);
      expect(hub.sent).toHaveLength(told);
      await change({ namespaces: before.namespaces, capabilities: before.capabilities });
      await pass();
      expect(hub.sent).toHaveLength(told + 1);
    },
  );

  it("go from the hub when they are deleted and the last cluster has let go", async () => {
    await pass();
    await hub.hub.saveFleet(fleetRow({ deleting: true, writtenBy: "w2" }), fleetRow());
    await pass();
    expect(hub.released).toEqual([claims]);
    expect(await hub.hub.listFleet()).toEqual([]);
  });

  it("leave the claims to a resource of the same name that lives in the cluster, which goes on at once", async () => {
    await pass();
    hub.cluster.rollouts = () => [{ ...ID, uid: "c", generation: 1 }];
    await pass();
    await hub.hub.saveFleet(fleetRow({ deleting: true, writtenBy: "w2" }), fleetRow());
    await pass();
    expect(hub.released).toEqual([]);
    expect(hub.sent.at(-1)?.message).toMatchObject({ key: { ...KEY, home: "cluster" }, ticket: 2 });
    expect(await hub.hub.loadSpec(KEY)).toBeUndefined();
  });

  it("leave no work behind whose spec went with a worker that died", async () => {
    await hub.work.schedule({ ...KEY, name: "orphan" }, 0, { posted: false });
    await pass();
    expect(await hub.work.load({ ...KEY, name: "orphan" })).toBeUndefined();
    expect(hub.released).toEqual([{ ...claims, resource: { namespace: "mimir", name: "orphan" } }]);
    expect(await hub.work.load(KEY)).toBeDefined();
  });

  it("go with the deregistered cluster, and a deleted one with its last cluster", async () => {
    await pass();
    await hub.hub.saveFleet(fleetRow({ deleting: true, writtenBy: "w2" }), fleetRow());
    const leaving = { ...row, state: "Deregistering" as const };
    await hub.registry.save(leaving, row);
    row = leaving;
    await pass();
    expect(await hub.hub.loadPlaced("prod")).toEqual({ specs: [], orphans: [] });
    expect(await hub.hub.listFleet()).toEqual([]);
  });
});
