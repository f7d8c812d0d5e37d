import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FAULT_POINTS, faultFile } from "../../lib/work/fault-point.ts";
import type { WorkKey } from "../../lib/work/keys.ts";

export type FaultPointName = (typeof FAULT_POINTS)[number];
type FaultAction = "kill" | "stop";

const POLL_MS = 20;

/** A fault point armed for one resource. */
export interface ArmedFault {
  point: FaultPointName;
  /** Whether a process of the hub has reached the point and done what was asked. */
  struck(): boolean;
  /** @throws Error when nobody came within the time. */
  untilStruck(timeoutMs: number): Promise<void>;
}

/** Arms a point: the next process of the hub that reaches it for this resource is killed or stopped. */
export function arm(directory: string, point: FaultPointName, key: WorkKey, action: FaultAction = "kill"): ArmedFault {
  const file = join(directory, faultFile(point, key));
  writeFileSync(file, action);
  const struck = (): boolean => !existsSync(file);
  return {
    point,
    struck,
    async untilStruck(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      while (!struck()) {
        if (Date.now() > deadline) {
          throw new Error(
            `Fault point ${point} of ${key.namespace}/${key.name} was not reached within ${timeoutMs / 1000} s.`,
          );
        }
        await sleep(POLL_MS);
      }
    },
  };
}

/** Arms a point again each time it has struck, `times` times in all. */
export async function armAgainAndAgain(
  directory: string,
  point: FaultPointName,
  key: WorkKey,
  { times, timeoutMs }: { times: number; timeoutMs: number },
): Promise<void> {
  for (let time = 1; time <= times; time += 1) await arm(directory, point, key).untilStruck(timeoutMs);
}
