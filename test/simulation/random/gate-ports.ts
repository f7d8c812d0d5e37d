import type { GatePorts } from "../../../lib/rollouts/ask-gates.ts";
import type { ShiftReading } from "../../../lib/rollouts/gates.ts";
import type { Kind } from "./kinds.ts";
import type { World } from "./world.ts";

/** What closes the gate of a resource. */
export const GATE_KINDS: readonly Kind[] = ["alarm fires", "alarm without data", "alarm not readable"];

/** Whether nobody can tell of zonal shifts, instead of there being one. */
export const isUntold = (world: Pick<World, "fault">): boolean => (world.fault("zonal shift")?.which ?? 1) % 3 === 0;

const UNTOLD: ShiftReading = { result: "Failed", message: "AccessDenied" };
const SHIFTED: ShiftReading = { result: "Known", awayFrom: ["use1-az1"] };
const UNSHIFTED: ShiftReading = { result: "Known", awayFrom: [] };

/** What alarms and zonal shifts answer. */
export function gatePorts(world: World): GatePorts {
  const told = <T>(kind: Kind, answer: T): T | undefined => {
    if (!world.active(kind)) return undefined;
    world.fire(kind);
    return answer;
  };
  return {
    alarmState: async () => {
      if (told("alarm not readable", true)) throw new Error("AccessDenied");
      return told("alarm fires", "ALARM" as const) ?? told("alarm without data", "INSUFFICIENT_DATA" as const) ?? "OK";
    },
    ...(!world.has("zonal shift")
      ? {}
      : { zonalShifts: async () => told("zonal shift", isUntold(world) ? UNTOLD : SHIFTED) ?? UNSHIFTED }),
  };
}
