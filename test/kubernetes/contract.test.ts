import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { startEmbeddedCluster } from "../../local/kubernetes/start.ts";
import { createContractClient, type Subject } from "../contract/kubernetes/client.ts";
import { kubernetesContract } from "../contract/kubernetes/contract.ts";
import { compareRandomManifests } from "../contract/kubernetes/random-comparison.ts";
import { subjectOf } from "../contract/kubernetes/subject.ts";
import { verifyTestToken } from "../contract/kubernetes/test-tokens.ts";

const tokens = { verify: verifyTestToken };
const started: ControlPlane[] = [];
let folder: string;
let real: Subject;

afterAll(async () => {
  await Promise.all(started.map((cluster) => cluster.stop()));
  await rm(folder, { recursive: true, force: true });
});

kubernetesContract("real", async () => {
  folder = await mkdtemp(join(tmpdir(), "contract-"));
  const cluster = await startControlPlane({ name: "real", dataDir: join(folder, "real"), tokens });
  started.push(cluster);
  real = subjectOf(cluster);
  return real;
});

test.each([1, 2, 3, 4].map((seed) => ({ seed })))(
  "random manifests of seed $seed are answered alike",
  async ({ seed }) => {
    const embedded = await startEmbeddedCluster({
      name: "embedded",
      dataDir: join(folder, `embedded-${seed}`),
      tokens,
    });
    started.push(embedded);
    const clients = [createContractClient(real), createContractClient(subjectOf(embedded))] as const;
    await compareRandomManifests(...clients, seed, 100);
    await Promise.all(clients.map((client) => client.close()));
  },
);
