import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../../local/kubernetes/start.ts";
import { kubernetesContract } from "../../contract/kubernetes/contract.ts";
import { subjectOf } from "../../contract/kubernetes/subject.ts";
import { verifyTestToken } from "../../contract/kubernetes/test-tokens.ts";

let folder: string | undefined;
let cluster: EmbeddedCluster | undefined;

afterAll(async () => {
  await cluster?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

kubernetesContract("embedded", async () => {
  folder = await mkdtemp(join(tmpdir(), "embedded-"));
  cluster = await startEmbeddedCluster({ name: "contract", dataDir: folder, tokens: { verify: verifyTestToken } });
  return subjectOf(cluster);
});
