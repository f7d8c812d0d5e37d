import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type LocalProcess, startProcess } from "./process.ts";
import { localAwsEnvironment } from "./start.ts";

export interface LocalMetricsOptions {
  endpoint: string;
  /** Its log goes here. */
  stateDir: string;
  /** Default `Outrigger`. */
  stackName?: string;
  /** Default 5,000. */
  everyMs?: number;
  /** true: it goes on when this process ends; stop it by its pid (`stopProcessGroup`). Default false. */
  detached?: boolean;
}

/**
 * Starts what makes the stack's metrics and alarms live in the local AWS: metrics written by the functions, depths of the
 * queues, and alarms that fire and reach their topic.
 */
export function startLocalMetrics(options: LocalMetricsOptions): LocalProcess {
  const main = join(dirname(fileURLToPath(import.meta.url)), "metrics-main.ts");
  const stateDir = resolve(options.stateDir);
  return startProcess(
    process.execPath,
    [main, options.endpoint, options.stackName ?? "Outrigger", String(options.everyMs ?? 5_000)],
    {
      cwd: stateDir,
      env: localAwsEnvironment(options.endpoint),
      logFile: join(stateDir, "metrics.log"),
      detached: options.detached ?? false,
    },
  );
}
