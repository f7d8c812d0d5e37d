import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { describeId, Manifest, type ResourceId } from "../lib/hub/resource.ts";
import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { CommandFailure, UsageError } from "./failure.ts";
import type { Hub } from "./hub.ts";
import { readManifests } from "./manifests.ts";
import { checkName } from "./names.ts";
import { type Output, printData } from "./output.ts";
import { parseTarget } from "./target.ts";
import { ResourceView } from "./views.ts";

interface DeleteOptions {
  file?: string[];
  recursive: boolean;
  namespace: string;
  cluster?: string;
  dryRun: boolean;
  wait: boolean;
  timeout: number;
}

const Deleted = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  change: z.enum(["deleting", "deleted"]),
  clusters: z.array(z.object({ cluster: z.string(), change: z.string() })),
});

const POLL_MS = 500;

/** `outrigger delete KIND/NAME` or `-f …`: deletes resources of the hub and waits until their clusters have let go. */
export async function deleteResources(
  environment: CommandEnvironment,
  target: string | undefined,
  options: DeleteOptions,
): Promise<void> {
  checkName("Cluster", options.cluster);
  const ids = await idsOf(target, options);
  const hub = await environment.hub();
  const { output } = environment;
  const { cluster, dryRun } = options;
  const results: z.infer<typeof Deleted>[] = [];
  const refused: CommandFailure[] = [];
  // One that is gone already, e.g. by a delete that was interrupted, keeps none of the others.
  for (const id of ids) {
    const request = { action: "resource.delete" as const, id, dryRun, ...(cluster === undefined ? {} : { cluster }) };
    try {
      results.push(Deleted.parse(await askApi(hub, request)));
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      refused.push(error);
    }
  }
  if (!dryRun && options.wait) {
    const deadline = Date.now() + options.timeout * 1000;
    for (const result of results) {
      if (result.change === "deleting") await waitUntilGone(hub, result, cluster, { deadline, ...options });
      result.change = "deleted";
    }
  }
  if (output.format === "table") for (const result of results) tell(output, result, dryRun);
  else if (results.length > 0) await printData(output, results);
  if (refused.length > 0) throw new AggregateError(refused, refused.map(({ message }) => message).join(" "));
}

function tell(output: Output, deleted: z.infer<typeof Deleted>, dryRun: boolean): void {
  output.line(`${describeId(deleted)} ${dryRun ? "would be deleted" : deleted.change}`);
  for (const { cluster, change } of deleted.clusters) output.line(`  cluster ${cluster}: ${change}`);
}

async function idsOf(target: string | undefined, options: DeleteOptions): Promise<ResourceId[]> {
  const { file, namespace } = options;
  if ((target === undefined) === (file === undefined))
    throw new UsageError("Name what to delete: either KIND/NAME, e.g. MultiAZRollout/ingesters, or files with -f.");
  if (target !== undefined) return [parseTarget(target, namespace)];
  return (await readManifests(file ?? [], options)).map(({ source, manifest }) => {
    const parsed = Manifest.pick({ kind: true, metadata: true }).loose().safeParse(manifest);
    if (!parsed.success)
      throw new UsageError(`${source}: a resource has no kind or no metadata.name. Correct the file.`);
    const { kind, metadata } = parsed.data;
    return { kind, namespace: metadata.namespace ?? namespace, name: metadata.name };
  });
}

async function waitUntilGone(
  hub: Hub,
  id: ResourceId,
  cluster: string | undefined,
  { deadline, timeout }: { deadline: number; timeout: number },
): Promise<void> {
  while (await isThere(hub, id, cluster)) {
    if (Date.now() > deadline) {
      const nextStep = `See what is left with \`outrigger describe ${id.kind}/${id.name} -n ${id.namespace}\`; it goes on by itself`;
      throw new CommandFailure({ object: describeId(id), cause: `it is not gone after ${timeout} s`, nextStep });
    }
    await sleep(POLL_MS);
  }
}

async function isThere(hub: Hub, { kind, namespace, name }: ResourceId, cluster: string | undefined): Promise<boolean> {
  if (cluster === undefined) {
    const fleet = z
      .array(z.object({ name: z.string() }))
      .parse(await askApi(hub, { action: "fleet.list", kind, namespace }));
    return fleet.some((row) => row.name === name);
  }
  const request = { action: "resource.list" as const, kind, namespace, cluster };
  const views = ResourceView.array().parse(await askApi(hub, request));
  return views.some(({ key }) => key.home === "hub" && key.name === name);
}
