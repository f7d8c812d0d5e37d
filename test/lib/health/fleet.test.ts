import { expect, it } from "vitest";
import { countByHealth, createFleetHealth } from "../../../lib/health/fleet.ts";
import type { HealthRow } from "../../../lib/health/row.ts";
import { fakeRegistryStore } from "../../fakes/registry-store.ts";
import { at, T0 } from "../registry/build.ts";

const rowOf = (cluster: string, changes: Partial<HealthRow> = {}): HealthRow => ({
  cluster,
  identity: "one",
  class: "Healthy",
  since: at(0),
  observedAt: at(0),
  checks: [],
  expiresAt: 0,
  ...changes,
});
const fleet = (size: number) =>
  Array.from({ length: size }, (_, index) => ({ name: `c${index}`, monitorIntervalSeconds: 30 }));

it("counts every cluster of a large fleet once", async () => {
  const registry = fakeRegistryStore();
  for (let index = 0; index < 23; index += 1)
    await registry.saveHealth(rowOf(`c${index}`, { class: index < 20 ? "Healthy" : "Unhealthy" }), undefined);
  await registry.saveHealth(rowOf("deregistered"), undefined);
  expect(await createFleetHealth(registry).countFleet(fleet(25), T0 + 1_000)).toEqual({
    healthy: 20,
    unhealthy: 3,
    unknown: 2,
  });
});

it.each(["Degraded", "Unhealthy", "Unreachable", "AuthFailed"] as const)("%s is not healthy", (found) => {
  expect(countByHealth(fleet(1), [rowOf("c0", { class: found })], T0)).toEqual({
    healthy: 0,
    unhealthy: 1,
    unknown: 0,
  });
});

it.each([
  [420, { healthy: 1, unhealthy: 0, unknown: 0 }],
  [421, { healthy: 0, unhealthy: 0, unknown: 1 }],
])("what was found %d s ago, of a cluster probed every 30 s, counts as %j", (seconds, expected) => {
  expect(countByHealth(fleet(1), [rowOf("c0")], T0 + seconds * 1000)).toEqual(expected);
});
