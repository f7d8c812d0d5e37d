import process from "node:process";
import { parseArgs } from "node:util";
import type { Bench } from "./bench.ts";

/** Benches by name; each is loaded only when it is run. */
const BENCHES: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  client: () => import("./client.ts"),
  interval: () => import("./interval.ts"),
  rollout: () => import("./rollout.ts"),
  startup: () => import("./startup.ts"),
};

const USAGE = `Usage: npm run -s bench -- NAME [--json] [--minutes N]\nBenches: ${Object.keys(BENCHES).join(", ")}\n`;

async function main(args: string[]): Promise<number> {
  let parsed: { values: { json?: boolean; minutes?: string }; positionals: string[] };
  try {
    parsed = parseArgs({
      args,
      options: { json: { type: "boolean" }, minutes: { type: "string" } },
      allowPositionals: true,
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    return 2;
  }
  const [name = "", ...rest] = parsed.positionals;
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (load === undefined || rest.length > 0) {
    process.stderr.write(
      `${name === "" ? "Which bench?" : `There is no bench ${[name, ...rest].join(" ")}.`}\n${USAGE}`,
    );
    return 2;
  }
  const minutes = Number(parsed.values.minutes ?? Number.NaN);
  if (parsed.values.minutes !== undefined && !(minutes > 0)) {
    process.stderr.write(`--minutes ${parsed.values.minutes} is no number above 0.\n${USAGE}`);
    return 2;
  }
  const { bench } = await load();
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const figures = await bench(log, parsed.values.minutes === undefined ? {} : { minutes });
  process.stdout.write(parsed.values.json === true ? `${JSON.stringify({ bench: name, figures })}\n` : table(figures));
  return 0;
}

function table(figures: Record<string, number>): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  return Object.entries(figures)
    .map(([name, value]) => `${name.padEnd(width)}  ${value}\n`)
    .join("");
}

process.exitCode = await main(process.argv.slice(2));
