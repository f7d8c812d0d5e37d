import process from "node:process";
import fc from "fast-check";

/** The same cases in every run, so that a change is judged by what it changed; `OUTRIGGER_SEED` draws others. */
fc.configureGlobal({ seed: Number(process.env["OUTRIGGER_SEED"] ?? 20_261_121) });

/** `fast-check` with that seed: tests that draw cases import it from here. */
export { default } from "fast-check";
