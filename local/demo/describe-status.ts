import type { RolloutStatus } from "./cluster.ts";

/** e.g. `Progressing zone-a 3/9`, or why nothing is done. */
export function describeStatus(status: RolloutStatus): string {
  const { phase, currentZone, updatedReplicas, replicas } = status;
  if (phase === "Refused" || phase === "Held" || phase === "Stalled") {
    const { reason = "", message = "" } = readyCondition(status) ?? {};
    return `${phase} ${reason}: ${message}`;
  }
  return [phase, ...(currentZone === undefined ? [] : [currentZone]), `${updatedReplicas}/${replicas}`].join(" ");
}

export const readyCondition = (status: RolloutStatus | undefined): RolloutStatus["conditions"][number] | undefined =>
  status?.conditions.find(({ type }) => type === "Ready");
