import { createColors } from "picocolors";

const pc = createColors(true);
const BAR = 12;

/** A pod as it is drawn: of the template before, away or not Ready, of the new one. */
export type PodSquare = "old" | "down" | "new";

export const SQUARES: Record<PodSquare, string> = { old: pc.dim("■"), down: pc.yellow("□"), new: pc.green("■") };

/** What the squares mean. */
export const LEGEND = `${SQUARES.old} before  ${SQUARES.down} away  ${SQUARES.new} after`;

/** How much is done, as a bar and as `3/9`. */
export function progressBar(done: number, all: number): string {
  const filled = Math.round((done / Math.max(1, all)) * BAR);
  return `${pc.green("━".repeat(filled))}${pc.dim("─".repeat(BAR - filled))} ${`${done}/${all}`.padStart(5)}`;
}

/** The room of a bar where there is nothing to do. */
export const NO_BAR = " ".repeat(BAR + 6);
