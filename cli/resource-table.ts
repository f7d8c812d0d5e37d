import { z } from "zod";
import { type Columns, type Output, printObject } from "./output.ts";
import { age, type ResourceView } from "./views.ts";

/** The columns that some kinds have in their status. */
const Progress = z.looseObject({
  currentZone: z.string().optional(),
  updatedReplicas: z.number().optional(),
  replicas: z.number().optional(),
});

/** Columns that tell how a resource is; they change only when it does. */
export const STATE_COLUMNS = {
  CLUSTER: ({ key }) => key.cluster,
  NAMESPACE: ({ key }) => key.namespace,
  NAME: ({ key }) => key.name,
  PHASE: ({ status }) => status?.phase,
  ZONE: ({ status }) => Progress.safeParse(status).data?.currentZone,
  UPDATED: ({ status }) => updated(status),
  REASON: ({ status }) => reasonOf(status),
} as const satisfies Columns<ResourceView>;

/** The columns of a list that is printed once. */
export function columnsAt(now: Date): Columns<ResourceView> {
  return { ...STATE_COLUMNS, SEEN: ({ updatedAt }) => age(updatedAt, now) };
}

function updated(status: ResourceView["status"]): string | undefined {
  const { updatedReplicas, replicas } = Progress.safeParse(status).data ?? {};
  return replicas === undefined ? undefined : `${updatedReplicas ?? 0}/${replicas}`;
}

/** Why it is as it is; nothing where the phase says it all. */
function reasonOf(status: ResourceView["status"]): string | undefined {
  const reason = status?.conditions.find(({ type }) => type === "Ready")?.reason;
  return reason === status?.phase || reason === "UpToDate" ? undefined : reason;
}

/** e.g. `Ready=False Overlap: claimed already`. */
export function conditionLine(of: { type: string; status: string; reason: string; message: string }): string {
  return `${of.type}=${of.status} ${of.reason}${of.message === "" ? "" : `: ${of.message}`}`;
}

/** One resource with its conditions. */
export async function printResource(output: Output, resource: ResourceView): Promise<void> {
  const { key, status } = resource;
  await printObject(output, resource, {
    Kind: key.kind,
    Name: key.name,
    Namespace: key.namespace || undefined,
    Cluster: key.cluster,
    Phase: status?.phase,
    Zone: Progress.safeParse(status).data?.currentZone,
    Updated: updated(status),
    "Last seen": resource.updatedAt,
  });
  if (output.format !== "table") return;
  for (const { type, status: value, reason, message } of status?.conditions ?? []) {
    output.line(conditionLine({ type, status: value, reason, message }));
  }
}
