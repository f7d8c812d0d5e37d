import { z } from "zod";
import { askApi } from "./api.ts";
import type { CommandEnvironment } from "./command-environment.ts";
import { CommandFailure } from "./failure.ts";
import { resolveKind } from "./kinds.ts";
import { type Output, printList, printObject } from "./output.ts";
import { age, ResourceView } from "./views.ts";

/** The columns that some kinds have in their status. */
const Columns = z.looseObject({
  currentZone: z.string().optional(),
  updatedReplicas: z.number().optional(),
  replicas: z.number().optional(),
});

/** `outrigger get KIND [NAME]`: what the hub knows of resources, without asking their clusters. */
export async function getResources(
  environment: CommandEnvironment,
  kindText: string,
  name: string | undefined,
  options: { namespace: string; allNamespaces: boolean; cluster?: string },
): Promise<void> {
  const { kind } = resolveKind(kindText);
  const hub = await environment.hub();
  const everywhere = options.allNamespaces || kind === "Discovery";
  const request = {
    action: "resource.list" as const,
    kind,
    ...(everywhere ? {} : { namespace: options.namespace }),
    ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
  };
  const all = ResourceView.array().parse(await askApi(hub, request));
  const scope = everywhere ? "any namespace" : `namespace ${options.namespace}`;
  if (name === undefined) {
    return printList(environment.output, all, columnsAt(new Date()), `No ${kind} found in ${scope}.`);
  }
  const named = all.filter(({ key }) => key.name === name);
  if (named.length === 0) {
    throw new CommandFailure({
      object: `${kind} ${name}`,
      cause: `the hub knows none of this name in ${scope}${options.cluster === undefined ? "" : ` of cluster ${options.cluster}`}`,
      nextStep: `See \`outrigger get ${kind} -A\`; a new resource is found within its cluster's discover interval`,
    });
  }
  const [only] = named;
  if (only === undefined || named.length > 1) {
    return printList(environment.output, named, columnsAt(new Date()), "");
  }
  await printOne(environment.output, only);
}

function columnsAt(now: Date) {
  return {
    CLUSTER: ({ key }: ResourceView) => key.cluster,
    NAMESPACE: ({ key }: ResourceView) => key.namespace,
    NAME: ({ key }: ResourceView) => key.name,
    PHASE: ({ status }: ResourceView) => status?.phase,
    ZONE: ({ status }: ResourceView) => Columns.safeParse(status).data?.currentZone,
    UPDATED: ({ status }: ResourceView) => updated(status),
    REASON: ({ status }: ResourceView) => reasonOf(status),
    SEEN: ({ updatedAt }: ResourceView) => age(updatedAt, now),
  };
}

function updated(status: ResourceView["status"]): string | undefined {
  const { updatedReplicas, replicas } = Columns.safeParse(status).data ?? {};
  return replicas === undefined ? undefined : `${updatedReplicas ?? 0}/${replicas}`;
}

/** Why it is not Ready; nothing when it is. */
function reasonOf(status: ResourceView["status"]): string | undefined {
  return status?.conditions.find(({ type, status: value }) => type === "Ready" && value !== "True")?.reason;
}

async function printOne(output: Output, resource: ResourceView): Promise<void> {
  const { key, status } = resource;
  await printObject(output, resource, {
    Kind: key.kind,
    Name: key.name,
    Namespace: key.namespace || undefined,
    Cluster: key.cluster,
    Phase: status?.phase,
    Zone: Columns.safeParse(status).data?.currentZone,
    Updated: updated(status),
    "Last seen": resource.updatedAt,
  });
  if (output.format !== "table") return;
  for (const { type, status: value, reason, message } of status?.conditions ?? []) {
    output.line(`${type}=${value} ${reason}: ${message}`);
  }
}
