import { setTimeout as sleep } from "node:timers/promises";
import type { DirectRequest } from "../../lib/work/messages.ts";
import type { CommandEnvironment } from "../command-environment.ts";
import { CommandFailure } from "../failure.ts";
import type { Hub } from "../hub.ts";
import { onInterruption } from "../interruption.ts";
import { LiveLines } from "../live-lines.ts";
import { printData } from "../output.ts";
import { parseGoal, type WatchGoal } from "../watch-goal.ts";
import {
  describeRollout,
  findRollout,
  listRollouts,
  parseRolloutName,
  type RolloutName,
  type RolloutView,
} from "./find.ts";
import { PlanReply } from "./plan.ts";
import { plainLine, renderRollout } from "./render.ts";
import { goneFailure, isSettled, verdictOf } from "./verdict.ts";

/** How often the hub's table is asked, milliseconds; no cluster is. */
const POLL_MS = 2_000;

export interface RolloutWatchOptions extends RolloutName {
  /** What to wait for instead of the end of the rollout. */
  for?: string;
  /** Seconds; 0 = until the end. */
  timeout: number;
}

/**
 * `outrigger rollout watch NAME`: draws a rollout over itself on a terminal, or prints what changes, until it is done.
 * @throws CommandFailure when it ends in another way than Completed, when the time is over, or when the watch is ended.
 */
export async function watchRollout(
  environment: CommandEnvironment,
  text: string,
  options: RolloutWatchOptions,
  { pollMs = POLL_MS, signal }: { pollMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const name = parseRolloutName(text, options);
  const goal = options.for === undefined ? undefined : parseGoal(options.for);
  const hub = await environment.hub();
  const first = await findRollout(hub, name, options);
  const ended = signal ?? onInterruption();
  const show = shower(environment);
  try {
    const over = goal === undefined && verdictOf(first) !== undefined;
    const outOfDate = over && (await isOutOfDate(hub, first)) ? first : undefined;
    await follow({ environment, hub, first, outOfDate, goal, ended, show: (view) => show.show(view), pollMs, options });
  } finally {
    show.close();
  }
}

interface Following {
  environment: CommandEnvironment;
  hub: Hub;
  first: RolloutView;
  /** An end that is out of date: there is something to do, and the hub has not looked yet. */
  outOfDate: RolloutView | undefined;
  goal: WatchGoal | undefined;
  ended: AbortSignal;
  show: (view: RolloutView) => Promise<void>;
  pollMs: number;
  options: RolloutWatchOptions;
}

async function follow({
  environment,
  hub,
  first,
  outOfDate: before,
  goal,
  ended,
  show,
  pollMs,
  options,
}: Following): Promise<void> {
  const { key } = first;
  let outOfDate = before;
  const deadline = options.timeout === 0 ? Number.POSITIVE_INFINITY : Date.now() + options.timeout * 1000;
  for (let view: RolloutView | undefined = first; ; ) {
    if (view !== undefined) await show(view);
    if (goal?.isMet(view === undefined ? [] : [view]) === true) return;
    if (view === undefined) throw goneFailure(key);
    if (outOfDate !== undefined) outOfDate = await stillOutOfDate(hub, outOfDate, view);
    const verdict = goal === undefined && outOfDate === undefined ? verdictOf(view) : undefined;
    if (verdict?.done === true) return;
    if (verdict !== undefined) throw verdict.failure;
    const left = deadline - Date.now();
    if (left > 0) await sleep(Math.min(pollMs, left), undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted || left <= 0) throw unfinished(view, goal, ended, options);
    const looked: RolloutView | undefined = view;
    view = await load(hub, key).catch((error: unknown) => {
      environment.output.note(`${error instanceof Error ? error.message : String(error)} Trying again.`);
      return looked;
    });
  }
}

async function load(
  hub: Hub,
  { name, namespace, cluster, home }: RolloutView["key"],
): Promise<RolloutView | undefined> {
  const all = await listRollouts(hub, name, { namespace, cluster });
  return all.find(({ key }) => key.home === home);
}

/** What tells one rollout from the next, and its end from its beginning. */
const fingerprint = ({ status }: RolloutView): string =>
  JSON.stringify([status?.phase, status?.rollout, status?.startedAt, status?.finishedAt]);

/** A rollout that goes on may end as it did before, and one that the hub has looked at again may have to stay as it is. */
async function stillOutOfDate(hub: Hub, before: RolloutView, view: RolloutView): Promise<RolloutView | undefined> {
  if (fingerprint(view) !== fingerprint(before)) return undefined;
  return view.updatedAt === before.updatedAt || (await isOutOfDate(hub, view)) ? view : undefined;
}

/**
 * Whether there is something to do that the hub has not noticed yet: a template that was changed, or a fault that was mended,
 * a moment ago. The cluster is asked when a watch begins with nothing to watch, and when the hub has looked since and says the
 * same.
 */
async function isOutOfDate(hub: Hub, { key, status }: RolloutView): Promise<boolean> {
  const request: DirectRequest = { action: "plan", key };
  const reply = PlanReply.safeParse(await hub.invoke(hub.outputs.RolloutFunction, request).catch(() => undefined)).data;
  if (reply === undefined || "error" in reply) return false;
  if (!isSettled(status?.phase)) return reply.phase !== status?.phase;
  // Who else could act on the group is looked for only where pods are outdated: the hub goes on saying Completed.
  const rests = reply.phase === "Held" && reply.zones.every(({ outdated }) => outdated === 0);
  return !rests && !isSettled(reply.phase);
}

function unfinished(
  { key, status }: RolloutView,
  goal: WatchGoal | undefined,
  ended: AbortSignal,
  { timeout }: RolloutWatchOptions,
): CommandFailure {
  const what = goal === undefined ? "its end" : goal.text;
  const when = ended.aborted ? "before the watch was ended" : `within ${timeout} s`;
  const cause = `${what} was not reached ${when} (phase ${status?.phase ?? "unknown"})`;
  return new CommandFailure({
    object: describeRollout(key),
    cause,
    nextStep: "The rollout itself goes on; watch it again",
  });
}

/** How changes are shown: a drawing, lines of text or JSON, or YAML documents. */
function shower({ output, terminal }: CommandEnvironment): { show(view: RolloutView): Promise<void>; close(): void } {
  if (output.format === "table" && terminal !== undefined) {
    const live = new LiveLines(terminal);
    return {
      show: async (view) => live.draw(renderRollout(view, Math.max(40, terminal.columns() - 1), new Date())),
      close: () => live.close(),
    };
  }
  let last = "";
  return {
    async show(view) {
      const { key, status } = view;
      const state = JSON.stringify(status);
      if (state === last) return;
      last = state;
      if (output.format === "table") return output.line(plainLine(view, new Date()));
      if (output.format === "yaml") output.line("---");
      await printData(output, { key, status });
    },
    close: () => undefined,
  };
}
