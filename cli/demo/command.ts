import { join } from "node:path";
import pc from "picocolors";
import { playScenario, type RolloutResult } from "../../local/demo/run.ts";
import { hostEnvironment } from "../../local/host-client.ts";
import type { LocalKubernetes } from "../../local/host-protocol.ts";
import { type LocalState, stateDirectory } from "../../local/state.ts";
import { CommandFailure } from "../failure.ts";
import { aborted, onInterruption } from "../interruption.ts";
import { renderTable } from "../output.ts";
import type { Streams } from "../run.ts";
import { liveAudience, plainAudience } from "./audience.ts";
import { asTyped, rollAgain, whatNext } from "./what-next.ts";

const CLUSTERS = ["mimir-one", "mimir-two", "mimir-three"];

export interface DemoOptions {
  kubernetes: LocalKubernetes;
  json: boolean;
  keep: boolean;
}

/**
 * `outrigger demo`: everything on this machine, in a folder of its own, and gone when it ends. With `--keep` it is a local
 * environment like that of `local up --detach`, and stays.
 */
export async function runDemo(options: DemoOptions, streams: Streams): Promise<void> {
  const interrupted = onInterruption();
  const startedAt = performance.now();
  const elapsed = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  const tell = (line: string): void => {
    const text = `${elapsed().toFixed(1).padStart(6)} s  ${line}\n`;
    if (options.json) streams.stderr(text);
    else streams.stdout(text);
  };
  const { kubernetes, keep } = options;
  const directory = keep ? stateDirectory() : join(stateDirectory(), "demo");
  const environment = await hostEnvironment(
    { directory, kubernetes, clusters: CLUSTERS, detached: keep },
    tell,
    interrupted,
  );
  let rollouts: RolloutResult[] | undefined;
  let kept = false;
  try {
    rollouts = await Promise.race([
      play(environment.state, options, streams, tell),
      aborted(interrupted).then(() => undefined),
    ]);
    kept = keep && rollouts !== undefined;
  } finally {
    if (kept) environment.release();
    else {
      await environment.stop();
      tell("everything is stopped");
    }
  }
  if (rollouts === undefined) {
    throw new CommandFailure({ object: "Demo", cause: "it was interrupted", nextStep: "Start it again" });
  }
  await conclude(rollouts, elapsed(), options, streams);
  if (kept && !options.json) streams.stdout(leftRunning(environment.state));
  const problems = rollouts.flatMap(({ cluster, name, problems: found }) =>
    found.map((problem) => `${cluster} ${name}: ${problem}`),
  );
  if (problems.length > 0) {
    const nextStep = `Logs are in ${directory}`;
    throw new CommandFailure({ object: "Demo", cause: `not as expected: ${problems.join("; ")}`, nextStep });
  }
}

async function play(
  state: LocalState,
  options: DemoOptions,
  streams: Streams,
  tell: (line: string) => void,
): Promise<RolloutResult[]> {
  const { terminal } = streams;
  if (options.json || terminal === undefined) return playScenario(state, plainAudience(tell));
  const drawing = { write: (text: string) => streams.stdout(text), columns: () => terminal.columns() };
  const live = liveAudience(state.clusters, drawing, tell);
  try {
    return await playScenario(state, live.audience);
  } finally {
    live.close();
  }
}

async function conclude(
  rollouts: readonly RolloutResult[],
  seconds: number,
  { json }: DemoOptions,
  streams: Streams,
): Promise<void> {
  if (json) {
    const shown = rollouts.map(({ problems: _problems, ...figures }) => figures);
    streams.stdout(`${JSON.stringify({ clusters: CLUSTERS.length, rollouts: shown, seconds })}\n`);
    return;
  }
  streams.stdout(`\n${await table(rollouts)}\n`);
}

function leftRunning(state: LocalState): string {
  const next = whatNext(state).map(({ line, shows }) => ({ line: asTyped(line), shows }));
  const width = Math.max(...next.map(({ line }) => line.length));
  const lines = next.map(({ line, shows }) => `  ${line.padEnd(width)}  # ${shows}\n`);
  const kubeconfigs = state.clusters.map(({ name, kubeconfig }) => `  ${name}: ${kubeconfig}\n`);
  const again = rollAgain(state).map((line) => `  ${line}\n`);
  return [
    `\nEverything is left running. Try:\n${lines.join("")}`,
    `Roll once more, and watch it:\n${again.join("")}`,
    `Kubeconfigs for kubectl:\n${kubeconfigs.join("")}`,
  ].join("");
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
