import { setTimeout as delay } from "node:timers/promises";
import { StackMeter } from "./measure.ts";

/** The process `startLocalMetrics` starts: measures a stack until it is stopped. */
const [endpoint, stackName, everyMs] = process.argv.slice(2);
if (endpoint === undefined || stackName === undefined || everyMs === undefined) {
  throw new Error("Usage: metrics-main.ts ENDPOINT STACK EVERY_MS. Start it with startLocalMetrics.");
}
const meter = new StackMeter(endpoint, stackName, Date.now());
for (;;) {
  try {
    await meter.measure(Date.now());
  } catch (error) {
    // The stack may not be there yet, or MiniStack may be on its way down: the next round tells.
    console.error(new Date().toISOString(), error instanceof Error ? error.message : error);
  }
  await delay(Number(everyMs));
}
