import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { installGuard, removeGuard } from "../../lib/guards/execute.ts";
import { leaveGuard } from "../../lib/guards/leave.ts";
import { noDownscaleGuard } from "../../lib/guards/no-downscale.ts";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { guardContract } from "../contract/guards/contract.ts";
import { openGuardWorld } from "../contract/guards/world.ts";
import { verifyTestToken } from "../contract/kubernetes/test-tokens.ts";

/** The controller manager looks at a policy when it comes to it. */
const WAIT = { timeout: 30_000, interval: 50 };

let folder: string | undefined;
let cluster: ControlPlane;

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe("the guard", () => {
  guardContract(openCluster);
});

async function openCluster(): Promise<ControlPlane> {
  folder = await mkdtemp(join(tmpdir(), "guards-"));
  const tokens = { verify: verifyTestToken };
  cluster = await startControlPlane({ name: "guards", dataDir: join(folder, "guards"), tokens });
  return cluster;
}

test("server-side apply, which the embedded API has not for StatefulSets, is refused as well", async () => {
  const world = await openGuardWorld(cluster);
  await world.makeSet("applied");
  await world.look();
  await world.refuses("applied", true);
  const path = "/apis/apps/v1/namespaces/default/statefulsets/applied?fieldManager=somebody&force=true";
  const applied = { apiVersion: "apps/v1", kind: "StatefulSet", metadata: { name: "applied" }, spec: { replicas: 1 } };
  await expect(world.admin.request("PATCH", path, applied, "application/apply-patch+yaml")).rejects.toThrow(
    "StatefulSet default/applied is labelled grafana.com/no-downscale=true: scaling it down from 3 to 1 is refused",
  );
  await world.close();
});

test("the API server finds nothing to warn about in the policy's expressions", async () => {
  const world = await openGuardWorld(cluster);
  await world.look();
  const policy = (await world.admin.request("GET", world.paths.policy)) as {
    metadata: { generation: number };
    status: { observedGeneration?: number; typeChecking?: { expressionWarnings?: unknown[] } };
  };
  await expect
    .poll(async () => ((await world.admin.request("GET", world.paths.policy)) as typeof policy).status, WAIT)
    .toEqual({ observedGeneration: policy.metadata.generation, typeChecking: {} });
  await world.close();
});

test("the API server reads and judges a guard of thousands of StatefulSets", async () => {
  const world = await openGuardWorld(cluster);
  await world.makeSet("last", {});
  const scope = { ...world.scope(), namespaces: ["default"] };
  const names = Array.from({ length: 5_000 }, (_, index) => `ingester-of-a-rather-large-group-zone-a-${index}`);
  const guard = noDownscaleGuard(
    scope,
    [...names, "last"].map((name) => ({ namespace: "default", name })),
  );
  await leaveGuard(world.client, scope, { checkedAt: "", definition: "known" });
  await installGuard(world.client, guard, () => true);
  // It is not labelled: only its name is known.
  await world.refuses("last", true, ["/scale"]);
  await world.refuses("last", false, [""]);
  await removeGuard(world.client, guard, () => true);
  await world.refuses("last", false);
  await world.close();
});
