import { describe, expect, it } from "vitest";
import { belongs, planPlacements } from "../../../lib/hub/plan.ts";
import { hubKey, idOf } from "../../../lib/hub/resource.ts";
import { runDeregistration } from "../../../lib/registry/deregister.ts";
import type { ReleaseClaims } from "../../../lib/registry/ports.ts";
import { claimOwner, claimPrefix } from "../../../lib/rollouts/claim.ts";
import fc from "../../drawn.ts";
import { HUB_ID } from "../registry/hub.ts";
import { ID, SPEC } from "./rows.ts";
import { createWorld, manifest } from "./world.ts";

const CLUSTERS = ["eu", "us", "lab"];
const LABELS: Record<string, string>[] = [{ stage: "prod" }, { stage: "dev" }, {}];
const SELECTORS = [
  { matchLabels: { stage: "prod" } },
  { matchExpressions: [{ key: "stage", operator: "Exists" }] },
  {},
];
const NAMES = ["ingesters", "distributors"];

/** Dies at its nth call of a write: before it, or right after. */
interface Kill {
  at: number;
  after: boolean;
}
const kill = fc.option(fc.record({ at: fc.integer({ min: 1, max: 8 }), after: fc.boolean() }), { nil: undefined });
const one = <T>(values: readonly T[]) => fc.constantFrom(...values);
const step = fc.oneof(
  fc.record({
    do: fc.constant("apply" as const),
    name: one(NAMES),
    selector: one(SELECTORS),
    paused: fc.boolean(),
    kill,
  }),
  fc.record({
    do: fc.constant("applyTo" as const),
    name: one(NAMES),
    cluster: one(CLUSTERS),
    paused: fc.boolean(),
    kill,
  }),
  fc.record({ do: fc.constant("delete" as const), name: one(NAMES), kill }),
  fc.record({ do: fc.constant("deleteFrom" as const), name: one(NAMES), cluster: one(CLUSTERS), kill }),
  fc.record({ do: fc.constant("label" as const), cluster: one(CLUSTERS), labels: one(LABELS) }),
  fc.record({ do: fc.constant("recreate" as const), cluster: one(CLUSTERS), labels: one(LABELS) }),
  fc.record({ do: fc.constant("leave" as const), cluster: one(CLUSTERS), kill }),
  fc.record({ do: fc.constant("pass" as const), cluster: one(CLUSTERS), kill }),
  fc.record({ do: fc.constant("work" as const), name: one(NAMES), cluster: one(CLUSTERS), dies: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Runs steps against the hub; rollout workers claim, deregistrations and removals give claims back. */
class Run {
  readonly world = createWorld();
  readonly claims = new Set<string>();
  #kill: Kill | undefined;
  #identities = 0;

  constructor() {
    const { hub } = this.world;
    hub.ports.connect = async (registration) => ({ ...hub.cluster.client, cluster: registration.name }) as never;
    for (const target of [hub.hub, hub.work, hub.registry, hub.ports.queue] as unknown as Record<string, unknown>[])
      this.#mortal(target);
    const release: ReleaseClaims = async (_client, hubId, scope) => {
      const { cluster } = scope;
      const owned =
        "resource" in scope ? claimOwner(hubId, { cluster, ...scope.resource }) : claimPrefix(hubId, cluster);
      for (const claim of this.claims)
        if ("resource" in scope ? claim === owned : claim.startsWith(owned)) this.claims.delete(claim);
    };
    hub.ports.releaseClaims = release;
  }

  /** Every write of a port may be the last thing its process does. */
  #mortal(target: Record<string, unknown>): void {
    for (const name of ["saveFleet", "removeFleet", "saveSpec", "removeSpec", "forget", "schedule", "save", "send"]) {
      const original = target[name] as ((...args: unknown[]) => Promise<unknown>) | undefined;
      if (original === undefined) continue;
      target[name] = async (...args: unknown[]) => {
        const dying = this.#kill !== undefined && --this.#kill.at === 0 ? this.#kill : undefined;
        if (dying?.after === false) throw new Error("killed");
        const result = await original(...args);
        if (dying !== undefined) throw new Error("killed");
        return result;
      };
    }
  }

  async step(step: Step): Promise<void> {
    this.#kill = "kill" in step && step.kill !== undefined ? { ...step.kill } : undefined;
    try {
      await this.#do(step);
    } catch (error) {
      if (!(error instanceof Error) || error.message !== "killed") throw error;
    }
    this.#kill = undefined;
    this.world.hub.clock.nowMs += 1_000;
  }

  async #do(step: Step): Promise<void> {
    const { world } = this;
    switch (step.do) {
      case "apply":
      case "applyTo": {
        const target = step.do === "apply" ? { selector: step.selector } : { cluster: step.cluster };
        const spec = { ...SPEC, paused: step.paused };
        return void (await world.ask("resource.apply", { manifest: manifest({ spec }, { name: step.name }), target }));
      }
      case "delete":
        return void (await world.ask("resource.delete", { id: { ...ID, name: step.name } }));
      case "deleteFrom":
        return void (await world.ask("resource.delete", { id: { ...ID, name: step.name }, cluster: step.cluster }));
      case "label":
      case "recreate": {
        const known = await world.hub.registry.load(step.cluster);
        const same = step.do === "label" && known !== undefined && known.state !== "Deregistered";
        const identity = same ? known.identity : `${step.cluster}@${(this.#identities += 1)}`;
        if (!same) this.#forgetClaims(step.cluster);
        return world.join(step.cluster, step.labels, { identity });
      }
      case "leave":
        return this.#leave(step.cluster);
      case "pass":
        return this.pass(step.cluster);
      case "work":
        return this.#work({ ...ID, name: step.name }, step.cluster, step.dies);
    }
  }

  /** Another cluster of that name has none of the claims. */
  #forgetClaims(cluster: string): void {
    for (const claim of this.claims) if (claim.startsWith(`${cluster} `)) this.claims.delete(claim);
  }

  async pass(cluster: string): Promise<void> {
    await this.world.pass(cluster);
  }

  async #leave(cluster: string): Promise<void> {
    const { hub } = this.world;
    const row = await hub.registry.load(cluster);
    if (row?.state !== "Active") return;
    const leaving = { ...row, state: "Deregistering" as const };
    await hub.registry.save(leaving, row);
    await runDeregistration(hub.ports, leaving, { force: false, holdsDiscovery: false });
  }

  /** What a rollout's worker does, as far as the hub can tell. One that dies holds its lease for a while. */
  async #work(id: typeof ID, cluster: string, dies: boolean): Promise<void> {
    const { work, hub, registry, clock } = this.world.hub;
    const key = hubKey(id, cluster);
    const row = await work.load(key);
    const registration = await registry.load(cluster);
    if (row === undefined || registration?.state !== "Active") return;
    const nowMs = clock.now();
    const taken = await work.take(key, row.ticket, { owner: "w", nowMs, leaseUntilMs: nowMs + 5_000 });
    if (typeof taken === "string") return;
    const claim = claimOwner(HUB_ID, { cluster, ...id });
    const spec = await hub.loadSpec(key);
    if (spec === undefined || spec.deleting) this.claims.delete(claim);
    else this.claims.add(claim);
    if (dies) return;
    const holding = {
      key,
      fence: taken.row.fence,
      owner: "w",
      ticket: taken.row.ticket,
      identity: registration.identity,
    };
    const due = { nextDueAtMs: nowMs + 30_000, posted: false };
    await work.ink(holding, { state: {}, status: { phase: "Idle", conditions: [] }, outcomes: [], ...due });
  }

  /** Time goes by and nobody dies any more. */
  async settle(): Promise<void> {
    for (let round = 0; round < 6; round += 1) {
      this.world.hub.clock.nowMs += 60_000;
      for (const { name } of (await this.world.hub.registry.list()).registrations) await this.pass(name);
      for (const row of this.world.hub.work.rows.values()) {
        // As every worker does with the work of a cluster that is not registered any more.
        const registration = await this.world.hub.registry.load(row.key.cluster);
        if (registration?.state === "Deregistered")
          await this.world.hub.work.forget(row.key, row.fence, { ticket: row.ticket });
      }
    }
  }
}

async function check(steps: readonly Step[]): Promise<void> {
  const run = new Run();
  for (const each of steps) await run.step(each);
  await run.settle();
  const { hub, registry, work } = run.world.hub;
  const { registrations: registered } = await registry.list();
  const fleet = await hub.listFleet();
  for (const registration of registered) {
    const { specs } = await hub.loadPlaced(registration.name);
    expect(planPlacements({ registration, fleet, specs }).writes).toEqual([]);
    expect(specs.filter(({ deleting }) => deleting)).toEqual([]);
    const byName = specs.filter(({ origin }) => origin === "cluster").map(({ key }) => idOf(key));
    const expected = fleet.filter((row) => belongs(row, registration) && !byName.includes(idOf(row)));
    const placed = specs.filter(({ origin }) => origin === "fleet");
    expect(placed.map(({ uid, generation, spec }) => ({ uid, generation, spec }))).toEqual(
      expected.map(({ uid, generation, spec }) => ({ uid, generation, spec })),
    );
    const working = [...work.rows.values()].filter(
      ({ key }) => key.home === "hub" && key.cluster === registration.name,
    );
    expect(working.map(({ key }) => idOf(key)).sort()).toEqual(specs.map(({ key }) => idOf(key)).sort());
  }
  expect(registered.every(({ state }) => state === "Active")).toBe(true);
  const names = registered.map(({ name }) => name);
  expect([...hub.specs.values()].every(({ key }) => names.includes(key.cluster))).toBe(true);
  // A row marked for deletion goes with the next pass of any cluster; without clusters nobody is left to take it away.
  if (names.length > 0) expect(fleet.filter(({ deleting }) => deleting)).toEqual([]);
  const held = [...hub.specs.values()].map(({ key }) => claimOwner(HUB_ID, key));
  expect([...run.claims].filter((claim) => !held.includes(claim))).toEqual([]);
}

describe("whatever is applied, labelled, joins, leaves, is deleted and dies, in any order", () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), check);
  it("each cluster ends up with what the fleet and its labels ask for", async () => {
    await fc.assert(property, { numRuns: 1_000 });
  });
});
