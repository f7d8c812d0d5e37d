import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { verifyTestToken } from "../contract/kubernetes/test-tokens.ts";
import { replicaContract } from "../contract/rollouts/replicas.ts";
import { openStage } from "../contract/rollouts/stage.ts";
import { timeAt } from "../contract/rollouts/time.ts";

let folder: string | undefined;
let cluster: ControlPlane | undefined;

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

replicaContract(async ({ socketPath }) => {
  folder = await mkdtemp(join(tmpdir(), "replicas-"));
  const tokens = { verify: verifyTestToken };
  cluster = await startControlPlane({ name: "replicas", dataDir: folder, tokens, podNetworkSocket: socketPath });
  return openStage(cluster, timeAt(1));
});
