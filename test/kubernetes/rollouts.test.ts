import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type ControlPlane, startControlPlane } from "../../local/control-plane/start.ts";
import { verifyTestToken } from "../contract/kubernetes/test-tokens.ts";
import { rolloutContract } from "../contract/rollouts/contract.ts";
import { openStage } from "../contract/rollouts/stage.ts";
import { timeAt } from "../contract/rollouts/time.ts";

let folder: string | undefined;
let cluster: ControlPlane | undefined;

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

rolloutContract(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollouts-"));
  cluster = await startControlPlane({ name: "rollouts", dataDir: folder, tokens: { verify: verifyTestToken } });
  return openStage(cluster, timeAt(1));
});
