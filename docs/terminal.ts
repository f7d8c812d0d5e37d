/** One character of a terminal's screen. */
export interface Cell {
  text: string;
  /** 31 red, 32 green, 33 yellow. */
  colour?: number | undefined;
  bold: boolean;
  dim: boolean;
}

const PLAIN = { bold: false, dim: false };
/** A control sequence, the end of a line, or one character. */
// oxlint-disable-next-line no-control-regex
const TOKEN = /\x1b\[([?\d;]*)([A-Za-z])|[\s\S]/gu;

/** As much of a terminal as the command line draws on: text, line ends, up, erase, colours. It never scrolls. */
export class Terminal {
  #lines: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #style: Omit<Cell, "text"> = PLAIN;

  write(text: string): void {
    for (const [token, parameters = "", command] of text.matchAll(TOKEN)) {
      if (command !== undefined) this.#control(command, parameters);
      else if (token === "\n") this.#moveTo(this.#row + 1, 0);
      else if (token === "\r") this.#column = 0;
      else this.#put(token);
    }
  }

  /** The screen as it is now, a copy. */
  lines(): Cell[][] {
    return structuredClone(this.#lines);
  }

  #put(text: string): void {
    const line = this.#lines[this.#row] ?? [];
    while (line.length < this.#column) line.push({ text: " ", ...PLAIN });
    line[this.#column] = { text, ...this.#style };
    this.#column += 1;
  }

  #control(command: string, parameters: string): void {
    if (command === "A") this.#moveTo(Math.max(0, this.#row - Number(parameters || 1)), this.#column);
    else if (command === "K") this.#lines[this.#row] = [];
    else if (command === "J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row]?.splice(this.#column);
    } else if (command === "m") for (const code of parameters.split(";")) this.#dress(Number(code));
  }

  #dress(code: number): void {
    if (code === 0) this.#style = PLAIN;
    else if (code === 1) this.#style = { ...this.#style, bold: true };
    else if (code === 2) this.#style = { ...this.#style, dim: true };
    else if (code === 22) this.#style = { ...this.#style, ...PLAIN };
    else if (code >= 30 && code <= 37) this.#style = { ...this.#style, colour: code };
    else if (code === 39) this.#style = { ...this.#style, colour: undefined };
  }

  #moveTo(row: number, column: number): void {
    while (this.#lines.length <= row) this.#lines.push([]);
    this.#row = row;
    this.#column = column;
  }
}
