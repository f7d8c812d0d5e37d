#!/usr/bin/env node
import { runCommand } from "./run.ts";

// Whoever reads us may stop reading, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await runCommand(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  ...(process.stdout.isTTY && process.env["TERM"] !== "dumb"
    ? { terminal: { columns: () => process.stdout.columns } }
    : {}),
});
