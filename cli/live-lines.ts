import { stripVTControlCharacters } from "node:util";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const CLEAR_LINE = "\x1b[2K";

/** A terminal as far as it is drawn on. */
export interface Terminal {
  write(text: string): void;
  columns(): number;
}

/** Lines at the end of a terminal that are drawn over themselves; what is printed meanwhile appears above them. */
export class LiveLines {
  readonly #terminal: Terminal;
  #drawn = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Draws these lines in the place of those before. They must fit the terminal's width. */
  draw(lines: readonly string[]): void {
    const up = this.#drawn === 0 ? HIDE_CURSOR : `\x1b[${this.#drawn}A\r`;
    const fewer = this.#drawn > lines.length ? "\x1b[J" : "";
    this.#terminal.write(up + lines.map((line) => `${CLEAR_LINE}${line}\n`).join("") + fewer);
    this.#drawn = lines.length;
  }

  /** Makes room for something else to be printed. */
  erase(): void {
    if (this.#drawn > 0) this.#terminal.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  /** Leaves the lines as they are and gives the cursor back. */
  close(): void {
    this.#terminal.write(SHOW_CURSOR);
  }
}

/** Cuts a line to the width of a terminal. Colours take no room; a cut line ends with them off. */
export function cutLine(line: string, columns: number): string {
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
