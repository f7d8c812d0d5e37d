import type { GateReadings } from "./gates.ts";
import type { Observation } from "./observation.ts";
import type { RolloutState } from "./state.ts";

/** A condition that is False: what the hub has to do without, and why. It stops nothing. */
export interface Note {
  type: "ZonalShiftsKnown" | "VolumeZonesKnown" | "FailedCreatesKnown";
  /** CamelCase. */
  reason: string;
  message: string;
}

type Known = Pick<RolloutState, "shiftsUnavailable" | "volumes"> & Pick<Observation, "failedCreates">;

/** In a fixed order. */
export function notesOf({
  shiftsUnavailable,
  volumes,
  failedCreates,
}: { [K in keyof Known]: Known[K] | undefined }): Note[] {
  return [
    ...(shiftsUnavailable === undefined ? [] : [{ type: "ZonalShiftsKnown" as const, ...shiftsUnavailable }]),
    ...(volumes?.refused === undefined ? [] : [{ type: "VolumeZonesKnown" as const, ...volumes.refused }]),
    ...(failedCreates?.refused === undefined
      ? []
      : [{ type: "FailedCreatesKnown" as const, ...failedCreates.refused }]),
  ];
}

/** Why zonal shifts cannot be looked up, as the last lookup said, whenever it was. */
export function whyNoShifts(
  gates: GateReadings | undefined,
  before: RolloutState["shiftsUnavailable"],
): RolloutState["shiftsUnavailable"] {
  if (gates?.shifts === undefined) return before;
  if (gates.shifts.result !== "Unavailable") return undefined;
  const { reason, message } = gates.shifts;
  return { reason, message };
}
