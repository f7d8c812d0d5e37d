import { setTimeout as sleep } from "node:timers/promises";
import { CommandFailure } from "./failure.ts";
import { type Output, printData } from "./output.ts";
import { STATE_COLUMNS } from "./resource-table.ts";
import type { ResourceView } from "./views.ts";
import type { WatchGoal } from "./watch-goal.ts";

/** The hub's table is asked, not the clusters. */
const POLL_MS = 1_000;
const GAP = "   ";

export interface ResourceWatch {
  output: Output;
  load(): Promise<ResourceView[]>;
  goal: WatchGoal | undefined;
  /** What is watched, for messages. */
  what: string;
  /** 0 = until the signal. */
  timeoutSeconds: number;
  /** Ends the watch. */
  signal: AbortSignal;
  pollMs?: number;
}

/**
 * Prints what there is, then each resource again whenever it changes, until the goal is met or somebody ends it: rows of
 * one table, lines of JSON, or YAML documents. A look that fails is told and tried again; the first one must succeed.
 * @throws CommandFailure when the time is over, or the watch is ended, before the goal is met.
 */
export async function watchResources(watch: ResourceWatch): Promise<void> {
  const { output, goal, what, signal, pollMs = POLL_MS, timeoutSeconds } = watch;
  const print = printer(output);
  const seen = new Map<string, string>();
  const deadline = timeoutSeconds === 0 ? Number.POSITIVE_INFINITY : Date.now() + timeoutSeconds * 1000;
  let resources = await watch.load();
  for (;;) {
    await printChanges(resources, seen, print);
    if (goal?.isMet(resources) === true) return;
    if (Date.now() >= deadline || signal.aborted) break;
    await sleep(Math.min(pollMs, deadline - Date.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    resources = await watch.load().catch((error: unknown) => {
      output.note(`${error instanceof Error ? error.message : String(error)} Trying again.`);
      return resources;
    });
  }
  if (goal === undefined) return;
  throw new CommandFailure({
    object: what,
    cause: `${goal.text} was not reached ${signal.aborted ? "before the watch was ended" : `within ${timeoutSeconds} s`}`,
    nextStep: "See the reason in the rows above, or watch longer with --timeout",
  });
}

type Print = (resource: ResourceView, cells: string[]) => Promise<void>;

async function printChanges(resources: readonly ResourceView[], seen: Map<string, string>, print: Print) {
  const present = new Set<string>();
  for (const resource of resources) {
    const id = JSON.stringify(resource.key);
    const cells = Object.values(STATE_COLUMNS).map((cell) => String(cell(resource) ?? "–"));
    const fingerprint = JSON.stringify([
      cells,
      resource.status?.conditions.map(({ type, status, reason }) => [type, status, reason]),
    ]);
    present.add(id);
    if (seen.get(id) === fingerprint) continue;
    seen.set(id, fingerprint);
    await print(resource, cells);
  }
  for (const id of seen.keys()) {
    if (present.has(id)) continue;
    seen.delete(id);
    const key = JSON.parse(id) as ResourceView["key"];
    const gone = { key, dueAt: 0, status: { phase: "Gone", conditions: [] } };
    await print(
      gone,
      Object.values(STATE_COLUMNS).map((cell) => String(cell(gone) ?? "–")),
    );
  }
}

function printer(output: Output): Print {
  if (output.format === "json") return (resource) => printData(output, resource);
  if (output.format === "yaml") {
    return async (resource) => {
      output.line("---");
      await printData(output, resource);
    };
  }
  const heads = Object.keys(STATE_COLUMNS);
  const widths = heads.map((head) => head.length);
  let begun = false;
  return async (_resource, cells) => {
    cells.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
    const row = (texts: readonly string[]): string =>
      texts
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join(GAP)
        .trimEnd();
    if (!begun) output.line(row(heads));
    begun = true;
    output.line(row(cells));
  };
}
