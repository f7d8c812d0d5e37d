import { readFileSync } from "node:fs";

/** The lines of a file that somebody else is writing: one is whole when its end is there. */
export const wholeLines = (file: string): string[] => readFileSync(file, "utf8").split("\n").slice(0, -1);
