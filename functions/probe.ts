import process from "node:process";
import type { SQSEvent } from "aws-lambda";
import { createEventBus } from "../lib/aws/bus.ts";
import { createDynamoClient, createEventBridgeClient, createSqsClient } from "../lib/aws/clients.ts";
import { createDeadLetters } from "../lib/aws/queue.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { runProbe } from "../lib/health/probe.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { admitBatch } from "../lib/work/door.ts";
import { ProbeMessage } from "../lib/work/messages.ts";
import { openClusters } from "./clusters.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

const env = readEnvironment("probe", process.env);
const telemetry = openTelemetry("probe", env);
const ports = {
  ...telemetry,
  clock,
  registry: createRegistryStore(openTable(createDynamoClient(), env.OUTRIGGER_TABLE)),
  connect: openClusters(env).connect,
  bus: createEventBus(createEventBridgeClient(), env.OUTRIGGER_BUS),
  deadLetters: createDeadLetters(createSqsClient(), env.OUTRIGGER_DEAD_LETTER_QUEUE_URL),
  schema: ProbeMessage,
  handle: (message: ProbeMessage) => runProbe(ports, message),
};

/** Fed by the probe queue: messages naming up to ten clusters each. */
export const handler = serve(telemetry, (event: SQSEvent) => admitBatch(event.Records, ports));
