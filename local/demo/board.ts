import type { V1Pod } from "@kubernetes/client-node";
import type { PodSquare } from "../../cli/rollout/squares.ts";
import type { RolloutStatus } from "./cluster.ts";
import { GROUP_LABEL, type Group, logicalZone, ZONE_LABEL } from "./scenario.ts";

/** One rollout in one cluster. */
export interface BoardRow {
  cluster: string;
  group: Group;
  /** Logical zone → its pods, by ordinal. */
  zones: Map<string, PodSquare[]>;
  status?: RolloutStatus;
  /** From the change of the templates until now, or until the end. */
  seconds: number;
  done: boolean;
}

/** The state of every pod and rollout of the demo, from what the observers see. */
export class Board {
  readonly rows: readonly BoardRow[];

  constructor(clusters: readonly { name: string; zones: readonly string[] }[], groups: readonly Group[]) {
    this.rows = clusters.flatMap(({ name, zones }) =>
      groups.map((group) => ({
        cluster: name,
        group,
        zones: new Map(
          zones.map((zone) => [logicalZone(zone), Array.from({ length: group.replicas }, () => "old" as const)]),
        ),
        seconds: 0,
        done: false,
      })),
    );
  }

  /** One event of a cluster's watch, in the order they came. */
  seePod(cluster: string, type: string, { metadata, status }: V1Pod): void {
    const pods = this.#row(cluster, metadata?.labels?.[GROUP_LABEL])?.zones.get(metadata?.labels?.[ZONE_LABEL] ?? "");
    const ordinal = Number(/-(\d+)$/.exec(metadata?.name ?? "")?.[1]);
    if (pods === undefined || pods[ordinal] === undefined) return;
    const ready = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
    const available = ready === true && type !== "DELETED" && metadata?.deletionTimestamp === undefined;
    // A pod that is Ready after it was away was made from the template of that moment.
    if (!available) pods[ordinal] = "down";
    else if (pods[ordinal] === "down") pods[ordinal] = "new";
  }

  seeStatus(cluster: string, group: string, status: RolloutStatus | undefined, seconds: number): void {
    const row = this.#row(cluster, group);
    if (row === undefined || row.done) return;
    if (status !== undefined) row.status = status;
    row.seconds = seconds;
  }

  finish(cluster: string, group: string, seconds: number): void {
    const row = this.#row(cluster, group);
    if (row !== undefined) Object.assign(row, { done: true, seconds });
  }

  #row(cluster: string, group: string | undefined): BoardRow | undefined {
    return this.rows.find((row) => row.cluster === cluster && row.group.name === group);
  }
}
