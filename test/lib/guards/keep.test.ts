import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../../local/kubernetes/start.ts";
import { guardContract } from "../../contract/guards/contract.ts";
import { verifyTestToken } from "../../contract/kubernetes/test-tokens.ts";

let folder: string | undefined;
let cluster: EmbeddedCluster | undefined;

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

guardContract(async () => {
  folder = await mkdtemp(join(tmpdir(), "guards-"));
  cluster = await startEmbeddedCluster({ name: "guards", dataDir: folder, tokens: { verify: verifyTestToken } });
  return cluster;
});
