import type { GateReadings } from "./gates.ts";
import type { Observation } from "./observation.ts";
import type { MirrorReading } from "./replica-wishes.ts";
import type { RolloutState } from "./state.ts";

/** A condition that is False: what the hub has to do without, and why. It stops nothing. */
export interface Note {
  type: "ZonalShiftsKnown" | "VolumeZonesKnown" | "FailedCreatesKnown" | "ReplicasWrittenBack";
  /** CamelCase. */
  reason: string;
  message: string;
}

type Known = Pick<RolloutState, "shiftsUnavailable" | "volumes"> & Pick<Observation, "failedCreates" | "mirrors">;

/** In a fixed order. */
export function notesOf({
  shiftsUnavailable,
  volumes,
  failedCreates,
  mirrors = {},
}: { [K in keyof Known]: Known[K] | undefined }): Note[] {
  return [
    ...(shiftsUnavailable === undefined ? [] : [{ type: "ZonalShiftsKnown" as const, ...shiftsUnavailable }]),
    ...(volumes?.refused === undefined ? [] : [{ type: "VolumeZonesKnown" as const, ...volumes.refused }]),
    ...(failedCreates?.refused === undefined
      ? []
      : [{ type: "FailedCreatesKnown" as const, ...failedCreates.refused }]),
    ...writeBackNote(Object.values(mirrors)),
  ];
}

/** Statuses of mirrored resources that could not be written; a missing rule is told before anything else. */
function writeBackNote(mirrors: readonly MirrorReading[]): Note[] {
  const refusals = mirrors.flatMap((mirror) => ("refused" in mirror && mirror.refused ? [mirror.refused] : []));
  const [first] = refusals.toSorted((a, b) => Number(b.reason === "Forbidden") - Number(a.reason === "Forbidden"));
  if (first === undefined) return [];
  const message = `${refusals.map((each) => each.message).join("; ")}.`;
  return [{ type: "ReplicasWrittenBack", reason: first.reason, message }];
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
