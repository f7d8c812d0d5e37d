import type { CellOptions } from "cli-table3";

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Where a command writes: results to stdout in the format asked for, everything else to stderr. */
export interface Output {
  readonly format: OutputFormat;
  /** A line of the result. */
  line(text: string): void;
  /** Progress and hints; never part of the result. */
  note(text: string): void;
}

/** Columns of a table: heading and how a row's cell is written. */
export type Columns<T> = Record<string, (row: T) => string | number | undefined>;

/** Prints a list: as table with columns, or whole as JSON (one line) or YAML. */
export async function printList<T>(
  output: Output,
  rows: readonly T[],
  columns: Columns<T>,
  empty: string,
): Promise<void> {
  if (output.format !== "table") return printData(output, rows);
  if (rows.length === 0) return output.note(empty);
  const cells = rows.map((row) => Object.values(columns).map((cell) => String(cell(row) ?? "–")));
  output.line(await renderTable(Object.keys(columns), cells));
}

/** Prints one object: as `name value` lines, or whole as JSON (one line) or YAML. */
export async function printObject(
  output: Output,
  data: unknown,
  fields: Record<string, string | undefined>,
): Promise<void> {
  if (output.format !== "table") return printData(output, data);
  const present = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined);
  output.line(await renderTable([], present));
}

/** The whole result, for machines: one line of JSON, or YAML. */
export async function printData(output: Output, data: unknown): Promise<void> {
  if (output.format === "json") return output.line(JSON.stringify(data));
  const { stringify } = await import("yaml");
  output.line(stringify(data).trimEnd());
}

/** A table without lines, as kubectl prints them. */
export async function renderTable(head: string[], rows: (string | CellOptions)[][]): Promise<string> {
  const { default: Table } = await import("cli-table3");
  const sides = ["top", "bottom", "left", "right", "mid"].flatMap((side) => [side, `${side}-mid`]);
  const corners = ["top-left", "top-right", "bottom-left", "bottom-right", "middle", "right-mid", "left-mid"];
  const table = new Table({
    head,
    chars: Object.fromEntries([...sides, ...corners].map((char) => [char, ""])),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 3 },
  });
  table.push(...rows);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
