import { expect, test } from "vitest";
import { planNodes, zoneId } from "../../../local/control-plane/nodes.ts";

test.each([
  ["us-east-1a", "use1-az1"],
  ["eu-central-1c", "euc1-az3"],
  ["ap-southeast-2b", "apse2-az2"],
  ["us-gov-west-1a", "usgw1-az1"],
])("zone %s has the id %s", (zone, id) => {
  expect(zoneId(zone)).toBe(id);
});

test("every node has a name and an address of its own and the labels of its zone", () => {
  const nodes = planNodes(["us-east-1a", "us-east-1b"], 300);
  expect(new Set(nodes.map((node) => node.metadata.name)).size).toBe(600);
  expect(new Set(nodes.map((node) => node.status.addresses[0]?.address)).size).toBe(600);
  expect(nodes[300]?.metadata.labels).toMatchObject({
    "topology.kubernetes.io/zone": "us-east-1b",
    "topology.kubernetes.io/region": "us-east-1",
    "topology.k8s.aws/zone-id": "use1-az2",
  });
});
