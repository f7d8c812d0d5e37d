import { randomUUID } from "node:crypto";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { goBuild, requireGo } from "./go.ts";
import { withLockFile } from "./lock-file.ts";
import { MODULES_DIRECTORY, type Recipe, readRecipe } from "./recipe.ts";

/** The programs of the local control plane. */
export interface Binaries {
  /** Folder that holds all of them under their own names. */
  directory: string;
  etcd: string;
  kubeApiserver: string;
  kubeControllerManager: string;
  kubeScheduler: string;
  kwok: string;
  /** Kubernetes version they serve, e.g. `v1.35.4`. */
  kubernetesVersion: string;
}

export interface BuildOptions {
  /** Called with a line of text now and then while something is built; never when the cache holds everything. */
  onProgress?: (line: string) => void;
  /** Default: `outrigger/control-plane` below `$XDG_CACHE_HOME` or `~/.cache`. */
  cacheDirectory?: string;
  /** The Go command. Default `go`. */
  go?: string;
}

/**
 * Builds etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok from their published Go modules,
 * or finds them in the user's cache. The first build takes several minutes of CPU; two callers never build twice.
 * @throws Error that names what to install when Go is missing or too old.
 */
export async function buildControlPlane(options: BuildOptions = {}): Promise<Binaries> {
  const { onProgress = () => {}, cacheDirectory = defaultCacheDirectory(), go = "go" } = options;
  const recipe = await readRecipe();
  const directory = join(cacheDirectory, recipe.key);
  if (!(await exists(directory))) {
    await requireGo(go, recipe.goVersion, join(MODULES_DIRECTORY, "kwok"));
    await mkdir(cacheDirectory, { recursive: true });
    await withLockFile(`${directory}.lock`, onProgress, async () => {
      if (!(await exists(directory))) await buildInto(directory, recipe, go, onProgress);
    });
  }
  return {
    directory,
    etcd: join(directory, "etcd"),
    kubeApiserver: join(directory, "kube-apiserver"),
    kubeControllerManager: join(directory, "kube-controller-manager"),
    kubeScheduler: join(directory, "kube-scheduler"),
    kwok: join(directory, "kwok"),
    kubernetesVersion: recipe.kubernetesVersion,
  };
}

/** Builds beside the final folder and renames, so that the folder either is complete or is not there. */
async function buildInto(
  directory: string,
  recipe: Recipe,
  go: string,
  onProgress: (line: string) => void,
): Promise<void> {
  const unfinished = `${directory}.${randomUUID()}`;
  await mkdir(unfinished);
  onProgress(
    `building the local control plane (Kubernetes ${recipe.kubernetesVersion}); the first time takes some minutes`,
  );
  try {
    for (const step of recipe.steps) {
      await goBuild(go, step, join(MODULES_DIRECTORY, step.module), unfinished, onProgress);
    }
    await rename(unfinished, directory);
  } catch (error) {
    if (!(await exists(directory))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  onProgress(`local control plane built: ${directory}`);
}

function defaultCacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "outrigger", "control-plane");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const { directory } = await buildControlPlane({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  process.stdout.write(`${directory}\n`);
}
