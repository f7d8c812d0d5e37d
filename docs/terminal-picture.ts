import type { Cell } from "./terminal.ts";

const [CELL_WIDTH, LINE_HEIGHT, MARGIN, BAR] = [8.4, 19, 16, 30];
const PALETTE = { back: "#0d1117", bar: "#21262d", text: "#e6edf3", dim: "#7d8590" };
const COLOURS: Record<number, string> = { 31: "#ff7b72", 32: "#3fb950", 33: "#d29922" };
const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/**
 * Lines of a terminal as an SVG. Each run of one style is placed by its column, so that any monospaced font keeps the columns.
 * @param title read to people who do not see the picture, too.
 */
export function terminalPicture(lines: readonly (readonly Cell[])[], title: string): string {
  const columns = Math.max(...lines.map((line) => line.length));
  const width = Math.ceil(columns * CELL_WIDTH + 2 * MARGIN);
  const height = Math.ceil(lines.length * LINE_HEIGHT + 2 * MARGIN + BAR);
  const texts = lines.flatMap((line, row) =>
    runsOf(line).map(({ cells, column }) => {
      const x = (MARGIN + column * CELL_WIDTH).toFixed(1);
      const y = (BAR + MARGIN + (row + 0.75) * LINE_HEIGHT).toFixed(1);
      const length = (cells.length * CELL_WIDTH).toFixed(1);
      const text = escapeText(cells.map((cell) => cell.text).join(""));
      return `<text x="${x}" y="${y}" textLength="${length}"${attributesOf(cells[0])}>${text}</text>`;
    }),
  );
  const buttons = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, index) => `<circle cx="${MARGIN + 6 + index * 20}" cy="${BAR / 2}" r="6" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PALETTE.back}"/>`,
    `<path d="M0 ${BAR}V8a8 8 0 0 1 8-8h${width - 16}a8 8 0 0 1 8 8v${BAR - 8}z" fill="${PALETTE.bar}"/>`,
    ...buttons,
    `<g font-family="${FONT}" font-size="14" fill="${PALETTE.text}" xml:space="preserve">`,
    ...texts,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** Neighbours of one style, without the spaces at either end. */
function runsOf(line: readonly Cell[]): { cells: Cell[]; column: number }[] {
  const runs: { cells: Cell[]; column: number }[] = [];
  line.forEach((cell, column) => {
    const last = runs.at(-1);
    const previous = last?.cells.at(-1);
    if (last !== undefined && previous !== undefined && styleOf(previous) === styleOf(cell)) last.cells.push(cell);
    else runs.push({ cells: [cell], column });
  });
  return runs.flatMap(({ cells, column }) => {
    const first = cells.findIndex(({ text }) => text !== " ");
    const last = cells.findLastIndex(({ text }) => text !== " ");
    return first === -1 ? [] : [{ cells: cells.slice(first, last + 1), column: column + first }];
  });
}

const styleOf = ({ colour, bold, dim }: Cell): string => `${colour ?? ""} ${bold} ${dim}`;

function attributesOf(cell: Cell | undefined): string {
  const fill = cell?.colour === undefined ? (cell?.dim === true ? PALETTE.dim : undefined) : COLOURS[cell.colour];
  return `${fill === undefined ? "" : ` fill="${fill}"`}${cell?.bold === true ? ' font-weight="bold"' : ""}`;
}

const escapeText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
