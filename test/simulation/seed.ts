import process from "node:process";

/** The same cases in every run, so that a change is judged by what it changed; `OUTRIGGER_SEED` draws others. */
export const SEED = Number(process.env["OUTRIGGER_SEED"] ?? 20_261_121);
