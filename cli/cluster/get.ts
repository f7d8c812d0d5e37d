import { describeAccess } from "../../lib/registry/access.ts";
import { formatGoDuration } from "../../lib/registry/go-duration.ts";
import { askApi } from "../api.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { checkName } from "../names.ts";
import { type Output, printObject, renderTable } from "../output.ts";
import { ClusterView } from "../views.ts";
import { lastProbe } from "./last-probe.ts";

/** `outrigger cluster get NAME`. */
export async function getCluster(environment: CommandEnvironment, name: string): Promise<void> {
  checkName("Cluster", name);
  const hub = await environment.hub();
  await printCluster(environment.output, ClusterView.parse(await askApi(hub, { action: "cluster.get", name })));
}

/** One cluster: registration, health, and each check of the last probe. */
export async function printCluster(output: Output, view: ClusterView): Promise<void> {
  const { registration, health } = view;
  const now = new Date();
  const zones = Object.entries(health?.nodes?.byZone ?? {}).map(
    ([zone, { ready, total }]) => `${zone} ${ready}/${total}`,
  );
  await printObject(output, view, {
    Name: registration.name,
    State: registration.state,
    Access: describeAccess(registration.access),
    Identity: registration.identity,
    Capabilities: registration.capabilities.join(", "),
    Namespaces: registration.namespaces.join(", ") || "all",
    "Allowed alarms": registration.allow.alarms.join(", ") || undefined,
    "Allowed URLs": registration.allow.urls.join(", ") || undefined,
    Labels:
      Object.entries(registration.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(", ") || undefined,
    "Probed every": formatGoDuration(registration.monitorIntervalSeconds),
    Registered: registration.registeredAt,
    Version: registration.version,
    Health: health && `${health.class} since ${health.since}`,
    "Probe on record": lastProbe(view, now).text,
    Nodes: health?.nodes && `${health.nodes.ready}/${health.nodes.total} ready (${zones.join(", ")})`,
  });
  if (output.format !== "table" || health === undefined || health.checks.length === 0) return;
  const rows = health.checks.map(({ name, ok, reason, message }) => [name, ok ? "ok" : "failed", reason, message]);
  output.line(`\n${await renderTable(["CHECK", "RESULT", "REASON", "MESSAGE"], rows)}`);
}
