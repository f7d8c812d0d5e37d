import { z } from "zod";
import type { Target } from "../lib/hub/requests.ts";
import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { CommandFailure, UsageError } from "./failure.ts";
import { readManifests } from "./manifests.ts";
import { checkName } from "./names.ts";
import { type Output, printData } from "./output.ts";
import { parseSelector } from "./selector.ts";

/** Where resources go, as options of a command line. */
export interface TargetOptions {
  cluster?: string;
  selector?: string;
  allClusters: boolean;
}

interface ApplyOptions extends TargetOptions {
  file: string[];
  recursive: boolean;
  namespace: string;
  dryRun: boolean;
}

const ClusterChange = z.object({ cluster: z.string(), change: z.string() });
const Applied = z.object({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  change: z.enum(["created", "configured", "unchanged"]),
  generation: z.number(),
  fields: z.array(z.object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })),
  clusters: z.array(ClusterChange),
  warnings: z.array(z.string()),
});
type Applied = z.infer<typeof Applied>;

/** `outrigger apply -f …`: all resources are checked first; only when all are right is any of them written. */
export async function applyFiles(environment: CommandEnvironment, options: ApplyOptions): Promise<void> {
  const target = targetOf(options);
  checkName("Namespace", options.namespace);
  const documents = await readManifests(options.file, options);
  const hub = await environment.hub();
  const ask = async (manifest: unknown, dryRun: boolean): Promise<Applied> => {
    const { namespace } = options;
    return Applied.parse(await askApi(hub, { action: "resource.apply", manifest, namespace, target, dryRun }));
  };
  const results: Applied[] = [];
  for (const { source, manifest } of documents)
    results.push(await ask(manifest, true).catch(namingFile(source, options)));
  if (!options.dryRun) {
    for (const [index, { manifest }] of documents.entries()) results[index] = await ask(manifest, false);
  }
  const { output } = environment;
  if (output.format !== "table") return printData(output, results);
  for (const result of results) tell(output, result, options.dryRun);
}

/** A refused resource is told with its file; that there is no such cluster is nothing about a file. */
function namingFile(source: string, { cluster }: TargetOptions) {
  return (error: unknown): never => {
    if (!(error instanceof CommandFailure) || error.fields.object === `cluster ${cluster}`) throw error;
    const { object, ...rest } = error.fields;
    throw new CommandFailure({ object: `File ${source}: ${object}`, ...rest }, { cause: error });
  };
}

/** @throws UsageError unless exactly one target is named. */
export function targetOf({ cluster, selector, allClusters }: TargetOptions): Target {
  const given = [cluster !== undefined, selector !== undefined, allClusters].filter(Boolean).length;
  if (given !== 1) {
    const what = given === 0 ? "Nothing says" : "More than one option says";
    throw new UsageError(`${what} where the resources go: give one of --cluster, --selector, --all-clusters.`);
  }
  checkName("Cluster", cluster);
  if (cluster !== undefined) return { cluster };
  return { selector: selector === undefined ? {} : parseSelector(selector) };
}

function tell(output: Output, applied: Applied, dryRun: boolean): void {
  const { kind, namespace, name, change, generation, fields, clusters, warnings } = applied;
  const done = dryRun && change !== "unchanged" ? `would be ${change}` : change;
  output.line(`${kind} ${namespace}/${name} ${done} (generation ${generation})`);
  if (change === "configured" || dryRun) {
    for (const { path, before, after } of fields) output.line(`  ${path}: ${shown(before)} → ${shown(after)}`);
  }
  for (const { cluster, change: there } of clusters) output.line(`  cluster ${cluster}: ${there}`);
  for (const warning of warnings) output.note(`Warning: ${kind} ${namespace}/${name}: ${warning}.`);
}

const shown = (value: unknown): string => (value === undefined ? "–" : JSON.stringify(value));
