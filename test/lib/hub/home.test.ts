import { describe, expect, it } from "vitest";
import { createHomes } from "../../../lib/hub/home.ts";
import { hubKey, otherHomeKey } from "../../../lib/hub/resource.ts";
import { ID, SPEC } from "./rows.ts";
import { createWorld } from "./world.ts";

const KEY = hubKey(ID, "eu");

async function placed() {
  const world = createWorld();
  await world.join("eu");
  const homes = createHomes({ hub: world.hub.hub, work: world.hub.work });
  await world.apply({ cluster: "eu" });
  return { world, homes };
}

describe("the homes of a resource", () => {
  it("tell spec and last status of one that lives in the hub", async () => {
    const { world, homes } = await placed();
    expect(await homes.loadResource(KEY)).toEqual({ uid: "id-1", generation: 1, spec: SPEC, status: undefined });
    await world.ink(ID, "eu", { phase: "Idle" });
    expect(await homes.loadResource(KEY)).toMatchObject({ status: { phase: "Idle" } });
    await world.join("eu", {}, { identity: "another" });
    expect(await homes.loadResource({ ...KEY, name: "other" })).toBeUndefined();
  });

  it("do not know what is on its way out", async () => {
    const { world, homes } = await placed();
    await world.done("resource.delete", { id: ID, cluster: "eu" });
    expect(await homes.loadResource(KEY)).toBeUndefined();
    expect(await homes.livesElsewhere(otherHomeKey(KEY))).toBe(true);
  });

  it("see the hub's from the cluster's side as soon as it is written, and until it is gone", async () => {
    const { world, homes } = await placed();
    expect(await homes.livesElsewhere(otherHomeKey(KEY))).toBe(true);
    await world.done("resource.delete", { id: ID, cluster: "eu" });
    await world.pass("eu");
    expect(await homes.livesElsewhere(otherHomeKey(KEY))).toBe(false);
  });

  it("see the cluster's from the hub's side, unless its last pass found it gone", async () => {
    const { world, homes } = await placed();
    const { work, clock } = world.hub;
    expect(await homes.livesElsewhere(KEY)).toBe(false);
    const key = otherHomeKey(KEY);
    await work.schedule(key, clock.now(), { posted: false });
    expect(await homes.livesElsewhere(KEY)).toBe(true);
    await work.take(key, 1, { owner: "w", nowMs: clock.now(), leaseUntilMs: clock.now() + 1_000 });
    const ink = { state: null, status: { phase: "Gone", conditions: [] }, outcomes: [], nextDueAtMs: 0, posted: false };
    await work.ink({ key, fence: 1, owner: "w", ticket: 1, identity: "i" }, ink);
    expect(await homes.livesElsewhere(KEY)).toBe(false);
  });
});
