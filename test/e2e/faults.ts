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
  /** Waits until a process has reached the point. @throws Error when none came within the time. */
  untilStruck(timeoutMs: number): Promise<void>;
}

/** Arms a point: the next process of the hub that reaches it for this resource is killed or stopped. */
export function arm(directory: string, point: FaultPointName, key: WorkKey, action: FaultAction = "kill"): ArmedFault {
  const file = join(directory, faultFile(point, key));
  writeFileSync(file, action);
  const struck = (): boolean => !existsSync(file);
  return {
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
