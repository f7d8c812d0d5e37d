import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, vi } from "vitest";
import { areNodesUsable } from "../../../local/control-plane/nodes.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../../local/kubernetes/start.ts";
import { verifyTestToken } from "../../contract/kubernetes/test-tokens.ts";
import { replicaContract } from "../../contract/rollouts/replicas.ts";
import { openStage } from "../../contract/rollouts/stage.ts";
import { timeAt } from "../../contract/rollouts/time.ts";

/** How much faster than ours the cluster's time runs. */
const SPEED = 5;

let folder: string | undefined;
let cluster: EmbeddedCluster | undefined;

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

replicaContract(async ({ socketPath }) => {
  folder = await mkdtemp(join(tmpdir(), "embedded-replicas-"));
  const clock = timeAt(SPEED);
  const tokens = { verify: verifyTestToken };
  const options = { name: "replicas", dataDir: folder, tokens, clock, podNetworkSocket: socketPath };
  const started = await startEmbeddedCluster(options);
  cluster = started;
  await vi.waitFor(async () => expect(await areNodesUsable(started.admin, 6)).toBe(true), 30_000);
  return openStage(started, clock);
});
