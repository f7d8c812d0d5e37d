import { startEnvironment } from "./environment.ts";
import { EnvironmentOptions, type HostMessage } from "./host-protocol.ts";
import { stopEnvironment } from "./stop.ts";

/**
 * The process that hosts a local environment. It ends with the process that asked for it, unless it is detached and ready.
 */
const options = EnvironmentOptions.parse(JSON.parse(process.argv[2] ?? "{}"));
let ready = false;

const tell = (message: HostMessage): void => {
  if (process.connected) process.send?.(message);
};

async function end(): Promise<never> {
  await stopEnvironment(options.directory);
  process.exit(1);
}

process.once("disconnect", () => {
  if (!ready || !options.detached) void end();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void end());

try {
  const state = await startEnvironment(options, (line) => tell({ type: "progress", line }));
  ready = true;
  tell({ type: "ready", state });
} catch (error) {
  console.error(error);
  tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  await end();
}
