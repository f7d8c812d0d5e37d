import { describeId, type ResourceId } from "../lib/hub/resource.ts";
import { AuditRow } from "../lib/work/audit.ts";
import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { UsageError } from "./failure.ts";
import type { Hub } from "./hub.ts";
import { checkName } from "./names.ts";
import { type Output, printData, renderTable } from "./output.ts";
import { parseTarget } from "./target.ts";

/** `outrigger audit [KIND/NAME] --cluster C`: what was intended and done, newest first. */
export async function showAudit(
  environment: CommandEnvironment,
  target: string | undefined,
  options: { cluster: string; namespace: string; limit: number },
): Promise<void> {
  const resource = target === undefined ? undefined : parseTarget(target, options.namespace);
  checkName("Cluster", options.cluster);
  if (options.limit < 1 || options.limit > 200)
    throw new UsageError(`--limit ${options.limit}: it is outside 1..200. Give a number from there.`);
  const hub = await environment.hub();
  const rows = await loadAudit(hub, options.cluster, { limit: options.limit, resource });
  // The record of a cluster outlives its registration; without any, the name may be a mistyped one.
  if (rows.length === 0) await askApi(hub, { action: "cluster.get", name: options.cluster });
  const { output } = environment;
  if (output.format !== "table") return printData(output, rows);
  if (rows.length > 0) return printAudit(output, rows);
  const about = resource === undefined ? "" : ` about ${describeId(resource)}`;
  output.note(`Nothing was done${about} in cluster ${options.cluster} yet.`);
}

/** The newest audit rows of a cluster, or of one resource in it. */
export async function loadAudit(
  hub: Hub,
  cluster: string,
  { limit, resource }: { limit: number; resource?: ResourceId | undefined },
): Promise<AuditRow[]> {
  const of = resource === undefined ? {} : { resource };
  return AuditRow.array().parse(await askApi(hub, { action: "audit.list", cluster, limit, ...of }));
}

/** A line for each action: its outcome, or `intended` when the worker died before it could tell. */
export async function printAudit(output: Output, rows: readonly AuditRow[]): Promise<void> {
  const lines = rows.flatMap(({ at, resource, intended, outcomes }) => {
    const told = new Set(outcomes.map(({ kind, object }) => `${kind} ${object}`));
    const untold = intended.filter(({ kind, object }) => !told.has(`${kind} ${object}`));
    const all = [...outcomes, ...untold.map((action) => ({ ...action, result: "intended", message: undefined }))];
    return all.map(({ kind, object, reason, result, message }) => [
      at,
      `${resource.kind} ${resource.namespace}/${resource.name}`,
      kind,
      object,
      reason,
      message === undefined ? result : `${result}: ${message}`,
    ]);
  });
  output.line(await renderTable(["TIME", "RESOURCE", "ACTION", "OBJECT", "REASON", "RESULT"], lines));
}
