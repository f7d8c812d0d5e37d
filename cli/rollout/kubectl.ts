import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { findKubeconfig } from "../cluster/kubeconfig.ts";
import { CommandFailure } from "../failure.ts";
import type { Hub } from "../hub.ts";
import type { RolloutView } from "./find.ts";

const TIMEOUT_MS = 30_000;

/**
 * Patches a rollout in its cluster with kubectl and the caller's own access, so that the cluster's audit log names the
 * person: the hub itself may read these resources, and write nothing but their status.
 */
export async function patchWithKubectl(hub: Hub, key: RolloutView["key"], patch: unknown): Promise<void> {
  const kubeconfig = await findKubeconfig(hub, key.cluster);
  const folder = mkdtempSync(join(tmpdir(), "outrigger-"));
  const file = join(folder, "kubeconfig");
  try {
    writeFileSync(file, typeof kubeconfig === "string" ? kubeconfig : stringify(kubeconfig), { mode: 0o600 });
    const target = ["multiazrollouts.rollout.grafana.com", key.name, "--namespace", key.namespace];
    const args = ["--kubeconfig", file, "patch", ...target, "--type", "merge", "--patch", JSON.stringify(patch)];
    await promisify(execFile)("kubectl", args, { timeout: TIMEOUT_MS });
  } catch (error) {
    throw failure(key, error);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function failure(key: RolloutView["key"], error: unknown): CommandFailure {
  const object = `${key.kind} ${key.namespace}/${key.name} in ${key.cluster}`;
  const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
  if (code === "ENOENT") {
    const nextStep = "Install it, or change the resource by other means";
    return new CommandFailure({ object, cause: "kubectl is not installed", nextStep }, { cause: error });
  }
  const cause = stderr.trim() === "" ? "kubectl did not end in time" : stderr.trim();
  const nextStep = "Your own access to the cluster must let you patch multiazrollouts";
  return new CommandFailure({ object, cause, nextStep }, { cause: error });
}
