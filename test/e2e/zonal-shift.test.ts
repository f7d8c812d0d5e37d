import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { LOCAL_ACCOUNT, LOCAL_REGION } from "../../local/aws.ts";
import { clusterArn } from "../../local/eks/clusters.ts";
import { beginShift, cancelShift } from "../local/arc-request.ts";
import { type Deployed, deploy } from "./deployed.ts";
import { takeAction } from "./role-policy.ts";
import {
  changeTemplate,
  createNamespace,
  createOutdated,
  createRollout,
  rolloutStatusOf,
  waitUntilRolled,
} from "./rollout-group.ts";

/** The deployed functions under their roles, and a cluster whose traffic somebody shifts away from a zone. */
const CLUSTER = "shifted";
const ARN = clusterArn({ name: CLUSTER, region: LOCAL_REGION, accountId: LOCAL_ACCOUNT });
const WAIT = { timeout: 120_000, interval: 500 };

let deployed: Deployed;
const group = () => ({
  admin: deployed.cluster(CLUSTER).admin,
  namespace: "mimir",
  name: "ingester",
  replicas: 1,
});
const podUids = async (): Promise<string[]> => {
  const { items } = (await group().admin.request("GET", "/api/v1/namespaces/mimir/pods")) as {
    items: { metadata: { uid: string } }[];
  };
  return items.map(({ metadata }) => metadata.uid).sort();
};

beforeAll(async () => {
  deployed = await deploy({ clusters: [CLUSTER] });
  await createNamespace(group().admin, "mimir");
  await createOutdated(group());
});
afterAll(() => deployed?.stop());

test("a zonal shift holds the rollout until it is canceled", async () => {
  const before = await podUids();
  const shift = await beginShift(deployed.local.eksEndpoint, ARN, "use1-az1");
  await createRollout(group());
  await vi.waitFor(async () => expect(await rolloutStatusOf(group())).toContain("Held=True ZonalShiftActive"), WAIT);
  expect(await rolloutStatusOf(group())).toContain("away from use1-az1");
  await sleep(12_000); // Longer than an answer of ARC holds.
  expect(await podUids()).toEqual(before);
  await cancelShift(deployed.local.eksEndpoint, shift);
  await waitUntilRolled(group(), "2");
  expect(await rolloutStatusOf(group())).not.toContain("ZonalShiftsKnown");
});

test("without the permission the rollout goes on, and says what it lacks", async () => {
  const role = deployed.outputs["RolloutRoleArn"] ?? "";
  await takeAction(deployed.local.endpoint, role, "arc-zonal-shift:GetManagedResource");
  await beginShift(deployed.local.eksEndpoint, ARN, "use1-az1");
  await changeTemplate(group(), "3");
  await waitUntilRolled(group(), "3");
  const status = await rolloutStatusOf(group());
  expect(status).toContain("ZonalShiftsKnown=False AccessDenied");
  expect(status).toContain("allow arc-zonal-shift:GetManagedResource to the role of the hub's function rollout");
});
