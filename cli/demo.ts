import { join } from "node:path";
import pc from "picocolors";
import { playScenario, type RolloutResult } from "../local/demo/run.ts";
import { hostEnvironment } from "../local/host-client.ts";
import { stateDirectory } from "../local/state.ts";
import { CommandFailure } from "./failure.ts";
import { aborted, onInterruption } from "./interruption.ts";
import { renderTable } from "./output.ts";
import type { Streams } from "./run.ts";

const CLUSTERS = ["mimir-one", "mimir-two"];

/** `outrigger demo`: everything on this machine, in a folder of its own, and gone when it ends. */
export async function runDemo(options: { json: boolean }, streams: Streams): Promise<void> {
  const interrupted = onInterruption();
  const startedAt = performance.now();
  const elapsed = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  const tell = (line: string): void => {
    const text = `${elapsed().toFixed(1).padStart(6)} s  ${line}\n`;
    if (options.json) streams.stderr(text);
    else streams.stdout(text);
  };
  const request = { directory: join(stateDirectory(), "demo"), clusters: CLUSTERS };
  const environment = await hostEnvironment(request, tell, interrupted);
  let rollouts: RolloutResult[] | undefined;
  try {
    rollouts = await Promise.race([playScenario(environment.state, tell), aborted(interrupted).then(() => undefined)]);
  } finally {
    await environment.stop();
    tell("everything is stopped");
  }
  if (rollouts === undefined) {
    throw new CommandFailure({ object: "Demo", cause: "it was interrupted", nextStep: "Start it again" });
  }
  const seconds = elapsed();
  if (options.json) {
    const shown = rollouts.map(({ problems: _problems, ...figures }) => figures);
    streams.stdout(`${JSON.stringify({ clusters: CLUSTERS.length, rollouts: shown, seconds })}\n`);
  } else {
    streams.stdout(`\n${await table(rollouts)}\n`);
  }
  const problems = rollouts.flatMap(({ cluster, name, problems: found }) =>
    found.map((problem) => `${cluster} ${name}: ${problem}`),
  );
  if (problems.length > 0) {
    const nextStep = `Logs are in ${request.directory}`;
    throw new CommandFailure({ object: "Demo", cause: `not as expected: ${problems.join("; ")}`, nextStep });
  }
}

async function table(rollouts: readonly RolloutResult[]): Promise<string> {
  const head = [
    "CLUSTER",
    "ROLLOUT",
    "PHASE",
    "REASON",
    "REPLACED",
    "PEAK UNAVAILABLE",
    "DOUBLE-ZONE EVENTS",
    "SECONDS",
  ];
  const rows = rollouts.map((rollout) => [
    rollout.cluster,
    rollout.name,
    rollout.problems.length === 0 ? pc.green(rollout.phase) : pc.red(rollout.phase),
    rollout.reason,
    String(rollout.replaced),
    String(rollout.peakUnavailable),
    String(rollout.doubleZoneEvents),
    rollout.seconds.toFixed(1),
  ]);
  return renderTable(head, rows);
}
