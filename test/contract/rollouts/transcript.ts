import type { StatefulSet } from "../../../lib/kubernetes/objects.ts";
import { claimOf } from "../../../lib/rollouts/claim.ts";
import type { RolloutStatus } from "../../../lib/rollouts/status.ts";
import type { BusEvent } from "../../../lib/work/reconciler.ts";
import type { Window } from "./witness.ts";

export interface Story {
  windows: readonly Window[];
  events: readonly BusEvent[];
  sets: readonly StatefulSet[];
  status: RolloutStatus;
  /** How a pod is called here. */
  names: (pod: string) => string;
}

/** What came after what, without times and names drawn by chance: the same on every API server. */
export function transcriptOf({ windows, events, sets, status, names }: Story): string {
  const lines: string[] = [];
  let zone = "";
  for (const window of windows) {
    const here = [...new Set(window.map((pod) => pod.zone))].toSorted().join("+");
    if (here !== zone) lines.push(`zone ${here}`);
    zone = here;
    lines.push(
      `  replaced together: ${window
        .map((pod) => names(pod.name))
        .toSorted()
        .join(", ")}`,
    );
  }
  lines.push(
    "on the bus",
    ...events.map(({ detailType, detail }) => `  ${[detailType, detail["zone"]].join(" ").trim()}`),
  );
  lines.push("claims", ...sets.map((set) => `  ${set.metadata.name}: ${claimOf(set)}`).toSorted());
  lines.push("status", `  ${status.phase} ${status.updated}`);
  lines.push(
    ...status.zones.map(
      (one) => `  ${one.name}: ${one.phase} ${one.updated}/${one.replicas} available ${one.available}`,
    ),
  );
  lines.push(
    ...status.conditions.map(({ type, status: holds, reason, message }) =>
      `  ${type}=${holds} ${reason} ${message}`.trimEnd(),
    ),
  );
  return `${lines.join("\n")}\n`;
}
