import { createColors } from "picocolors";
import { cutLine } from "../live-lines.ts";
import { type RolloutView, readyOf } from "./find.ts";
import { LEGEND, type PodSquare, progressBar, SQUARES } from "./squares.ts";

const pc = createColors(true);
const GAP = "  ";
/** Pods of one zone in a line; a larger zone goes on in the next. */
const SQUARES_IN_LINE = 40;

/** Lines of the message of its Ready condition. */
const MESSAGE_LINES = 4;

type Zone = NonNullable<RolloutView["status"]>["zones"][number];

const SQUARE_OF: Record<string, PodSquare> = { o: "old", N: "new" };

/** One square for each pod of a zone. Without letters the counts tell how many there are of each. */
export function squaresOf({ pods, replicas, updated, available }: Zone): PodSquare[] {
  if (pods !== undefined) return pods.split("").map((letter) => SQUARE_OF[letter] ?? "down");
  const down = Math.max(0, replicas - available);
  const renewed = Math.max(0, Math.min(updated, replicas - down));
  const count = { new: renewed, down, old: Math.max(0, replicas - renewed - down) };
  return (["new", "down", "old"] as const).flatMap((kind) => Array.from({ length: count[kind] }, () => kind));
}

/** A rollout as lines for a terminal of so many columns: what it does, its zones with a square for each pod, its gates. */
export function renderRollout(view: RolloutView, columns: number, now: Date): string[] {
  const { key, status } = view;
  const title = pc.bold(`${key.namespace}/${key.name} in ${key.cluster}`);
  if (status === undefined) return [cutLine(`${title}${GAP}not looked at yet`, columns)];
  const { phase, zones, gates, updatedReplicas, replicas } = status;
  const ready = readyOf(view);
  const head = [title, colourOf(phase)(phase), progressBar(updatedReplicas, replicas), elapsedOf(view, now)];
  const names = Math.max(0, ...zones.map(({ name }) => name.length));
  const perLine = Math.max(1, Math.min(SQUARES_IN_LINE, columns - names - 2 * GAP.length - 16));
  const squares = zones.map(squaresOf);
  const width = Math.min(perLine, Math.max(0, ...squares.map(({ length }) => length)));
  const zoneLines = zones.flatMap((zone, index) => {
    const all = squares[index] ?? [];
    const rows = Array.from({ length: Math.max(1, Math.ceil(all.length / perLine)) }, (_, row) =>
      all.slice(row * perLine, (row + 1) * perLine),
    );
    return rows.map((row, number) => {
      const drawn = row.map((square) => SQUARES[square]).join("") + " ".repeat(Math.max(0, width - row.length));
      if (number > 0) return [" ".repeat(names), drawn].join(GAP);
      const count = `${zone.updated}/${zone.replicas}`.padStart(7);
      const trouble = zone.unready.slice(0, 2).join(", ");
      return [zone.name.padEnd(names), drawn, count, zone.phase.padEnd(9), pc.yellow(trouble)].join(GAP);
    });
  });
  const gateLine = gates.map(({ name, state }) => `${name} ${state === "Open" ? pc.green(state) : pc.red(state)}`);
  return [
    head.join(GAP),
    ...(ready === undefined ? [] : wrap(`${ready.reason}: ${ready.message}`, columns)),
    ...zoneLines,
    ...(gates.length === 0 ? [] : [`gates: ${gateLine.join(", ")}`]),
    LEGEND,
  ].map((line) => cutLine(line, columns));
}

/** Breaks a text between words into a few lines; what does not fit into them is left out. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.slice(0, MESSAGE_LINES);
}

/** The same as one line without colours, for pipes and files. */
export function plainLine(view: RolloutView, now: Date): string {
  const { status } = view;
  if (status === undefined) return "not looked at yet";
  const { phase, updatedReplicas, replicas, zones, gates } = status;
  const ready = readyOf(view);
  const counts = zones.map(({ name, updated, available, replicas: all }) => {
    const away = available < all ? ` (${available} available)` : "";
    return `${name} ${updated}/${all}${away}`;
  });
  const closed = gates.filter(({ state }) => state !== "Open").map(({ name, state }) => `${name} ${state}`);
  const parts = [elapsedOf(view, now).padStart(6), phase, `${updatedReplicas}/${replicas}`, ...counts, ...closed];
  return `${parts.join(GAP)}${GAP}${ready === undefined ? "" : `${ready.reason}: ${ready.message}`}`.trimEnd();
}

function elapsedOf({ status }: RolloutView, now: Date): string {
  if (status?.startedAt === undefined) return "";
  const end = status.finishedAt === undefined ? now.getTime() : Date.parse(status.finishedAt);
  const seconds = Math.max(0, Math.round((end - Date.parse(status.startedAt)) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function colourOf(phase: string): (text: string) => string {
  if (phase === "Completed" || phase === "Idle") return pc.green;
  if (phase === "Stalled" || phase === "Refused") return pc.red;
  return phase === "Progressing" ? pc.cyan : pc.yellow;
}
