import { stripVTControlCharacters } from "node:util";
import { createColors } from "picocolors";
import type { Board, BoardRow, PodCell } from "./board.ts";
import { describeStatus } from "./describe-status.ts";

const pc = createColors(true);
const CELLS: Record<PodCell, string> = { old: pc.dim("■"), down: pc.yellow("□"), new: pc.green("■") };
const BAR = 12;
const GAP = "  ";

/**
 * The board as lines for a terminal: for each rollout its zones with a square for each pod, a bar, and what the hub says.
 * @param columns of the terminal; longer lines are cut.
 */
export function renderBoard(board: Board, columns: number): string[] {
  const widthOf = (head: string, text: (row: BoardRow) => string): number =>
    Math.max(head.length, ...board.rows.map((row) => text(row).length));
  const clusters = widthOf("cluster", ({ cluster }) => cluster);
  const groups = widthOf("rollout", ({ group }) => group.name);
  const zones = [...(board.rows[0]?.zones.keys() ?? [])];
  const pods = zones.map((zone) =>
    Math.max(zone.length, ...board.rows.map(({ zones: all }) => all.get(zone)?.length ?? 0)),
  );
  const head = [
    "cluster".padEnd(clusters),
    "rollout".padEnd(groups),
    ...zones.map((zone, index) => zone.padEnd(pods[index] ?? 0)),
  ];
  let last = "";
  const lines = board.rows.map((row) => {
    const name = row.cluster === last ? "" : row.cluster;
    last = row.cluster;
    const squares = zones.map((zone, index) => {
      const cells = row.zones.get(zone) ?? [];
      return cells.map((cell) => CELLS[cell]).join("") + " ".repeat(Math.max(0, (pods[index] ?? 0) - cells.length));
    });
    const parts = [pc.bold(name.padEnd(clusters)), row.group.name.padEnd(groups), ...squares, bar(row), says(row)];
    return cut(parts.join(GAP), columns);
  });
  const legend = `${CELLS.old} before${GAP}${CELLS.down} away${GAP}${CELLS.new} after`;
  return [cut(pc.dim(head.join(GAP)), columns), ...lines, cut(legend, columns)];
}

function bar({ zones, group }: BoardRow): string {
  if (group.image.after === group.image.before) return " ".repeat(BAR + 6);
  const cells = [...zones.values()].flat();
  const done = cells.filter((cell) => cell === "new").length;
  const filled = Math.round((done / Math.max(1, cells.length)) * BAR);
  return `${pc.green("━".repeat(filled))}${pc.dim("─".repeat(BAR - filled))} ${`${done}/${cells.length}`.padStart(5)}`;
}

function says(row: BoardRow): string {
  const { status, done, seconds, group } = row;
  if (status === undefined) return pc.dim("waiting");
  // The message of what is held or refused would not fit; the count stands beside the bar.
  const text = describeStatus(status).replace(/( \d+\/\d+|:.*)$/, "");
  const time = seconds > 0 ? pc.dim(` ${seconds.toFixed(1)} s`) : "";
  if (!done) return `${text}${time}`;
  return `${status.phase === group.expected.phase ? pc.green(text) : pc.red(text)}${time}`;
}

/** Colours take no room; a cut line ends with them off. */
function cut(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line.trimEnd();
  let [shown, text] = [0, ""];
  // oxlint-disable-next-line no-control-regex
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith("\x1b")) text += part;
    else {
      text += part.slice(0, Math.max(0, columns - shown));
      shown += part.length;
    }
  }
  return `${text}\x1b[0m`;
}
