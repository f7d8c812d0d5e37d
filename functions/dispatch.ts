import process from "node:process";
import { createDynamoClient, createSqsClient } from "../lib/aws/clients.ts";
import { createProbeQueue, createWorkQueue } from "../lib/aws/queue.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { createWorkStore } from "../lib/aws/work-store.ts";
import { createFleetHealth } from "../lib/health/fleet.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { runDispatch, tickTime } from "../lib/work/dispatch.ts";
import { createFaultPoint } from "../lib/work/fault-point.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

const env = readEnvironment("dispatch", process.env);
const telemetry = openTelemetry("dispatch", env);
const table = openTable(createDynamoClient(), env.OUTRIGGER_TABLE);
const registry = createRegistryStore(table);
const sqs = createSqsClient();
const dispatch = {
  ...telemetry,
  clock,
  store: createWorkStore(table, clock),
  clusters: registry,
  fleet: createFleetHealth(registry),
  queue: createWorkQueue(sqs, {
    reconcile: env.OUTRIGGER_RECONCILE_QUEUE_URL,
    rollout: env.OUTRIGGER_ROLLOUT_QUEUE_URL,
  }),
  probeQueue: createProbeQueue(sqs, env.OUTRIGGER_PROBE_QUEUE_URL),
  faultPoint: createFaultPoint(process.env),
};

/** Fired each minute by the schedule: posts due work and the probes of the coming minute. */
export const handler = serve(telemetry, async (event: unknown, context) =>
  runDispatch(dispatch, { remainingMs: () => context.getRemainingTimeInMillis() }, tickTime(event, clock.now())),
);
