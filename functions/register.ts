import process from "node:process";
import type { SQSEvent } from "aws-lambda";
import { createEventBus } from "../lib/aws/bus.ts";
import { createDynamoClient, createEventBridgeClient, createSqsClient } from "../lib/aws/clients.ts";
import { createHubStore } from "../lib/aws/hub-store.ts";
import { createDeadLetters, createProbeQueue, createRedelivery, createWorkQueue } from "../lib/aws/queue.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { createWorkStore } from "../lib/aws/work-store.ts";
import { parseNamespaceList } from "../lib/registry/names.ts";
import { admitRegistrations } from "../lib/registry/register.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { openClusters } from "./clusters.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

const env = readEnvironment("register", process.env);
const telemetry = openTelemetry("register", env);
const table = openTable(createDynamoClient(), env.OUTRIGGER_TABLE);
const sqs = createSqsClient();
const lanes = { reconcile: env.OUTRIGGER_RECONCILE_QUEUE_URL, rollout: env.OUTRIGGER_ROLLOUT_QUEUE_URL };
const ports = {
  ...telemetry,
  ...openClusters(env),
  clock,
  hubId: env.OUTRIGGER_HUB_ID,
  defaultNamespaces: parseNamespaceList(env.WATCH_NAMESPACE),
  registry: createRegistryStore(table),
  hub: createHubStore(table),
  work: createWorkStore(table, clock),
  queue: createWorkQueue(sqs, lanes),
  probes: createProbeQueue(sqs, env.OUTRIGGER_PROBE_QUEUE_URL),
  redelivery: createRedelivery(sqs, env.OUTRIGGER_REGISTRATION_QUEUE_URL),
  deadLetters: createDeadLetters(sqs, env.OUTRIGGER_DEAD_LETTER_QUEUE_URL),
  bus: createEventBus(createEventBridgeClient(), env.OUTRIGGER_BUS),
};

/** Fed by the registration queue: cluster events from the bus. */
export const handler = serve(telemetry, (event: SQSEvent) => admitRegistrations(ports, event.Records));
