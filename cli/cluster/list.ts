import { askFleet } from "../api.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { printList } from "../output.ts";
import { age, ClusterView } from "../views.ts";
import { lastProbe } from "./last-probe.ts";

/** A cluster as it is listed: one that cannot be read has a name, and no more. */
type Listed =
  | ClusterView
  | {
      registration: { name: string; state: "Unreadable"; version?: undefined; registeredAt?: undefined };
      health?: undefined;
      /** Why its registration cannot be read. */
      unreadable: string;
    };

/** `outrigger cluster list`: every cluster with its health. */
export async function listClusters(environment: CommandEnvironment): Promise<void> {
  const hub = await environment.hub();
  const { data, unreadable } = await askFleet(hub, { action: "cluster.list" });
  const clusters: Listed[] = [
    ...ClusterView.array().parse(data),
    ...unreadable.map(({ name, cause }) => ({
      registration: { name, state: "Unreadable" as const },
      unreadable: cause,
    })),
  ];
  const now = new Date();
  const columns = {
    NAME: ({ registration }: Listed) => registration.name,
    STATE: ({ registration }: Listed) => registration.state,
    HEALTH: ({ health }: Listed) => health?.class,
    VERSION: ({ registration }: Listed) => registration.version,
    NODES: ({ health }: Listed) => health?.nodes && `${health.nodes.ready}/${health.nodes.total}`,
    SINCE: ({ health }: Listed) => age(health?.since, now),
    RECORDED: (cluster: Listed) => {
      if ("unreadable" in cluster) return undefined;
      const { age: recorded, late } = lastProbe(cluster, now);
      return late ? `${recorded ?? "never"} (late)` : recorded;
    },
    AGE: ({ registration }: Listed) => age(registration.registeredAt, now),
  };
  await printList(environment.output, clusters, columns, "No cluster is registered.");
}
