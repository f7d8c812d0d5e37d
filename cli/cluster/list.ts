import { askApi } from "../api.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { printList } from "../output.ts";
import { age, ClusterView } from "../views.ts";
import { lastProbe } from "./last-probe.ts";

/** `outrigger cluster list`: every cluster with its health. */
export async function listClusters(environment: CommandEnvironment): Promise<void> {
  const hub = await environment.hub();
  const clusters = ClusterView.array().parse(await askApi(hub, { action: "cluster.list" }));
  const now = new Date();
  const columns = {
    NAME: ({ registration }: ClusterView) => registration.name,
    STATE: ({ registration }: ClusterView) => registration.state,
    HEALTH: ({ health }: ClusterView) => health?.class,
    VERSION: ({ registration }: ClusterView) => registration.version,
    NODES: ({ health }: ClusterView) => health?.nodes && `${health.nodes.ready}/${health.nodes.total}`,
    SINCE: ({ health }: ClusterView) => age(health?.since, now),
    RECORDED: (cluster: ClusterView) => {
      const { age: recorded, late } = lastProbe(cluster, now);
      return late ? `${recorded ?? "never"} (late)` : recorded;
    },
    AGE: ({ registration }: ClusterView) => age(registration.registeredAt, now),
  };
  await printList(environment.output, clusters, columns, "No cluster is registered.");
}
