import { describeId, type ResourceId } from "../lib/hub/resource.ts";
import type { AuditRow } from "../lib/work/audit.ts";
import { askApi } from "./api.ts";
import { loadAudit, printAudit } from "./audit.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { nextStepElsewhere } from "./elsewhere.ts";
import { CommandFailure } from "./failure.ts";
import { FleetView, printFleetResource } from "./fleet.ts";
import type { Hub } from "./hub.ts";
import { checkName } from "./names.ts";
import { type Output, printData, printObject, renderTable } from "./output.ts";
import { parseTarget } from "./target.ts";
import { age, ResourceView } from "./views.ts";

/** Audit rows shown of one resource. */
const LAST_ACTIONS = 10;

/** A resource in one cluster with what was done about it. */
type Described = ResourceView & { audit: AuditRow[] };

/**
 * `outrigger describe KIND/NAME`: across the fleet when it was applied by a selector, else in each cluster that has it:
 * conditions, last actions, next due time.
 */
export async function describeResource(
  environment: CommandEnvironment,
  target: string,
  options: { namespace: string; cluster?: string },
): Promise<void> {
  checkName("Cluster", options.cluster);
  const id = parseTarget(target, options.namespace);
  const hub = await environment.hub();
  const { output } = environment;
  const fleet = options.cluster === undefined ? await findFleet(hub, id) : undefined;
  if (fleet !== undefined) return printFleetResource(output, fleet);
  const found = await findResources(hub, id, options.cluster);
  if (found.length === 0) {
    throw new CommandFailure({
      object: describeId(id),
      cause: `the hub knows none of this name${options.cluster === undefined ? "" : ` in cluster ${options.cluster}`}`,
      nextStep: await nextStepElsewhere(hub, { ...id, cluster: options.cluster }),
    });
  }
  const described: Described[] = [];
  for (const view of found)
    described.push({ ...view, audit: await loadAudit(hub, view.key.cluster, { limit: LAST_ACTIONS, resource: id }) });
  if (output.format !== "table") return printData(output, described);
  for (const [index, each] of described.entries()) {
    if (index > 0) output.line("");
    await printOne(output, each);
  }
}

async function findFleet(hub: Hub, { kind, namespace, name }: ResourceId): Promise<FleetView | undefined> {
  const views = FleetView.array().parse(await askApi(hub, { action: "fleet.list", kind, namespace }));
  return views.find((view) => view.name === name);
}

async function findResources(hub: Hub, id: ResourceId, cluster: string | undefined): Promise<ResourceView[]> {
  const { kind, namespace, name } = id;
  const where = cluster === undefined ? {} : { cluster };
  const views = ResourceView.array().parse(await askApi(hub, { action: "resource.list", kind, namespace, ...where }));
  return views.filter(({ key }) => key.name === name);
}

async function printOne(output: Output, { key, status, updatedAt, dueAt, audit }: Described): Promise<void> {
  const now = new Date();
  const due = Math.round((dueAt - now.getTime()) / 1000);
  await printObject(output, undefined, {
    Kind: key.kind,
    Name: key.name,
    Namespace: key.namespace || undefined,
    Cluster: key.cluster,
    Home: key.home,
    Phase: status?.phase ?? "Pending",
    "Last seen": updatedAt && `${updatedAt} (${age(updatedAt, now)} ago)`,
    "Next due": due > 0 ? `within ${due} s` : "now",
  });
  const conditions = (status?.conditions ?? []).map((each) => [each.type, each.status, each.reason, each.message]);
  if (conditions.length > 0)
    output.line(`\n${await renderTable(["CONDITION", "STATUS", "REASON", "MESSAGE"], conditions)}`);
  if (audit.length === 0) return output.line("\nNothing was done about it yet.");
  output.line("\nLast actions:");
  await printAudit(output, audit);
}
