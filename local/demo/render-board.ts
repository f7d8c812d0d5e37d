import { createColors } from "picocolors";
import { cutLine } from "../../cli/live-lines.ts";
import { LEGEND, NO_BAR, progressBar, SQUARES } from "../../cli/rollout/squares.ts";
import type { Board, BoardRow } from "./board.ts";
import { describeStatus } from "./describe-status.ts";

const pc = createColors(true);
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
      return cells.map((cell) => SQUARES[cell]).join("") + " ".repeat(Math.max(0, (pods[index] ?? 0) - cells.length));
    });
    const parts = [pc.bold(name.padEnd(clusters)), row.group.name.padEnd(groups), ...squares, bar(row), says(row)];
    return cutLine(parts.join(GAP), columns);
  });
  return [cutLine(pc.dim(head.join(GAP)), columns), ...lines, cutLine(LEGEND, columns)];
}

function bar({ zones, group }: BoardRow): string {
  if (group.image.after === group.image.before) return NO_BAR;
  const cells = [...zones.values()].flat();
  const done = cells.filter((cell) => cell === "new").length;
  return progressBar(done, cells.length);
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
