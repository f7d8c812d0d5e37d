import { z } from "zod";
import { ClusterSelector } from "../lib/hub/resource.ts";
import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { resolveKind } from "./kinds.ts";
import { type Output, printList, printObject, renderTable } from "./output.ts";
import { formatSelectorText } from "./selector.ts";
import { age } from "./views.ts";

/** A resource that was applied by a selector, as the `api` function tells it. */
export const FleetView = z.looseObject({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  generation: z.number(),
  selector: ClusterSelector,
  deleting: z.boolean(),
  /** ISO-8601 UTC. */
  at: z.string(),
  rollUp: z.object({
    clusters: z.number(),
    phases: z.record(z.string(), z.number()),
    notCompleted: z.array(z.string()),
    worst: z.object({ cluster: z.string(), phase: z.string(), reason: z.string(), message: z.string() }).optional(),
  }),
  placements: z.array(
    z.object({
      cluster: z.string(),
      phase: z.string(),
      reason: z.string().optional(),
      message: z.string().optional(),
      updatedAt: z.string().optional(),
    }),
  ),
});
export type FleetView = z.infer<typeof FleetView>;

/** Names shown in one cell; the rest is counted. */
const MOST_NAMES = 5;

/** `outrigger fleet [KIND]`: the resources applied by labels. */
export async function listFleet(
  environment: CommandEnvironment,
  kindText: string | undefined,
  options: { namespace?: string },
): Promise<void> {
  const kind = kindText === undefined ? {} : { kind: resolveKind(kindText).kind };
  const namespace = options.namespace === undefined ? {} : { namespace: options.namespace };
  const hub = await environment.hub();
  const views = FleetView.array().parse(await askApi(hub, { action: "fleet.list", ...kind, ...namespace }));
  await printFleet(environment.output, views, "Nothing was applied by labels.");
}

/** One line for each: where it is, how far, and what is wrong first. */
async function printFleet(output: Output, views: readonly FleetView[], empty: string): Promise<void> {
  const now = new Date();
  const columns = {
    NAMESPACE: ({ namespace }: FleetView) => namespace,
    NAME: ({ name }: FleetView) => name,
    SELECTOR: ({ selector }: FleetView) => formatSelectorText(selector),
    CLUSTERS: ({ rollUp }: FleetView) => rollUp.clusters,
    PHASES: phases,
    "NOT COMPLETED": ({ rollUp }: FleetView) => names(rollUp.notCompleted),
    WORST: ({ rollUp: { worst } }: FleetView) => worst && `${worst.cluster}: ${worst.reason}`,
    AGE: ({ at }: FleetView) => age(at, now),
  };
  await printList(output, views, columns, empty);
}

/** One of them with what became of it in each cluster. */
export async function printFleetResource(output: Output, view: FleetView): Promise<void> {
  const { worst } = view.rollUp;
  await printObject(output, view, {
    Kind: view.kind,
    Name: view.name,
    Namespace: view.namespace,
    Selector: formatSelectorText(view.selector),
    Generation: String(view.generation),
    State: view.deleting ? "being deleted" : undefined,
    Clusters: `${view.rollUp.clusters}${view.rollUp.clusters === 0 ? "" : ` (${phases(view)})`}`,
    "Not completed": names(view.rollUp.notCompleted),
    Worst: worst && `${worst.cluster}: ${worst.phase}, ${worst.reason}: ${worst.message}`,
  });
  if (output.format !== "table" || view.placements.length === 0) return;
  const now = new Date();
  const rows = view.placements.map(({ cluster, phase, reason, message, updatedAt }) => [
    cluster,
    phase,
    reason ?? "–",
    age(updatedAt, now) ?? "–",
    message ?? "",
  ]);
  output.line(`\n${await renderTable(["CLUSTER", "PHASE", "REASON", "SEEN", "MESSAGE"], rows)}`);
}

const phases = ({ rollUp }: FleetView): string | undefined =>
  Object.entries(rollUp.phases)
    .map(([phase, count]) => `${phase} ${count}`)
    .join(", ") || undefined;

function names(all: readonly string[]): string | undefined {
  if (all.length === 0) return undefined;
  const rest = all.length - MOST_NAMES;
  return `${all.slice(0, MOST_NAMES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
