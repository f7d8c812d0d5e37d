import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, vi } from "vitest";
import { areNodesUsable } from "../../../local/control-plane/nodes.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../../local/kubernetes/start.ts";
import { verifyTestToken } from "../../contract/kubernetes/test-tokens.ts";
import { rolloutContract } from "../../contract/rollouts/contract.ts";
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

rolloutContract(async () => {
  folder = await mkdtemp(join(tmpdir(), "embedded-rollouts-"));
  const clock = timeAt(SPEED);
  const tokens = { verify: verifyTestToken };
  const started = await startEmbeddedCluster({ name: "rollouts", dataDir: folder, tokens, clock });
  cluster = started;
  await vi.waitFor(async () => expect(await areNodesUsable(started.admin, 6)).toBe(true), 30_000);
  return openStage(started, clock);
});
