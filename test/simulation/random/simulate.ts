import { befall, endOf } from "./befall.ts";
import type { Setting } from "./draw.ts";
import type { Tally } from "./kinds.ts";
import { RESOURCE } from "./names.ts";
import { watchOver } from "./person.ts";
import { unexcused } from "./reasons.ts";
import type { Bend } from "./surroundings.ts";
import { World } from "./world.ts";

/** What one simulation came to. */
export interface Outcome {
  seed: number;
  /** What broke a promise; empty when all is well. */
  problems: string[];
  tally: Tally;
  deletes: number;
  /** Changes of objects in the cluster, each of which was judged. */
  events: number;
  passes: number;
  transcript: readonly string[];
}

/** What a rollout is watched for at least, milliseconds, and beyond the end of what befalls it. */
const LEAST_MS = 30_000;
/** What a rollout may then take, milliseconds. */
const LONGEST_MS = 3_600_000;
const ENDED = new Set(["Completed", "Idle"]);

/** Simulates one rollout with everything that befalls it, to its end or to the first promise broken. */
export async function simulate(setting: Setting, bend?: Bend): Promise<Outcome> {
  const world = new World(setting, bend);
  const { clock, judge } = world;
  world.changeTemplates("new");
  for (const lane of world.lanes) lane.start([RESOURCE]);
  watchOver(world, RESOURCE);
  watchOver(world, "others");
  befall(world);
  const broken = (): boolean => judge.violations.length + world.problems.length > 0;
  const done = (): boolean =>
    world.isRolledOut() &&
    world.lanes.some((lane) => [RESOURCE, "others"].some((name) => ENDED.has(lane.statusOf(name).phase)));
  await clock.run(broken, LEAST_MS + Math.max(0, ...setting.faults.map(endOf)));
  const ended = broken() || (await clock.run(() => done() || broken(), LONGEST_MS));
  if (!broken() && world.has("worker frozen past its lease")) await clock.run(broken, 300_000);
  const happened = new Set(world.setting.faults.map(({ kind }) => kind));
  const reasons = broken() ? [] : unexcused(world.reasons, happened);
  const last = world.lanes.flatMap((lane) => [RESOURCE, "others"].map((name) => lane.statusOf(name).reason));
  return {
    seed: setting.seed,
    problems: [
      ...judge.violations,
      ...world.problems,
      ...(ended ? [] : [`it never ended: ${last.join(", ")}`]),
      ...reasons.map((reason) => `nothing excuses ${reason}`),
    ],
    tally: world.tally,
    deletes: judge.deletes,
    events: world.events,
    passes: world.lanes.reduce((sum, { passes }) => sum + passes, 0),
    transcript: world.lines,
  };
}
