import { randomUUID } from "node:crypto";
import process from "node:process";
import { createAuditLog } from "../lib/aws/audit.ts";
import { createDynamoClient, createSqsClient } from "../lib/aws/clients.ts";
import { createHubStore } from "../lib/aws/hub-store.ts";
import { createWorkQueue } from "../lib/aws/queue.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { createWorkStore } from "../lib/aws/work-store.ts";
import { answerApi } from "../lib/hub/api.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

const env = readEnvironment("api", process.env);
const telemetry = openTelemetry("api", env);
const table = openTable(createDynamoClient(), env.OUTRIGGER_TABLE);
const ports = {
  ...telemetry,
  clock,
  registry: createRegistryStore(table),
  hub: createHubStore(table),
  work: createWorkStore(table, clock),
  audit: createAuditLog(table),
  queue: createWorkQueue(createSqsClient(), { reconcile: env.OUTRIGGER_RECONCILE_QUEUE_URL }),
  newId: randomUUID,
};

/** Invoked by people and the command line: answers from the table, and writes the resources the hub keeps. */
export const handler = serve(telemetry, (request: unknown) => answerApi(ports, request));
