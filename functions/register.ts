import process from "node:process";
import type { SQSEvent } from "aws-lambda";
import { createEventBus } from "../lib/aws/bus.ts";
import {
  createDynamoClient,
  createEventBridgeClient,
  createSecretsClient,
  createSqsClient,
} from "../lib/aws/clients.ts";
import { createAccessResolver, createIdentityResolver } from "../lib/aws/cluster-access.ts";
import { createConnector } from "../lib/aws/connect.ts";
import { createDeadLetters, createProbeQueue, createWorkQueue } from "../lib/aws/queue.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { createWorkStore } from "../lib/aws/work-store.ts";
import { installCustomResources } from "../lib/registry/install.ts";
import { admitRegistrations } from "../lib/registry/register.ts";
import { releaseClaims } from "../lib/rollouts/claims.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

const env = readEnvironment("register", process.env);
const telemetry = openTelemetry("register", env);
const local = env.OUTRIGGER_LOCAL === "true";
const resolveAccess = createAccessResolver({ secrets: createSecretsClient(), local });
const table = openTable(createDynamoClient(), env.OUTRIGGER_TABLE);
const sqs = createSqsClient();
const shared = { ...telemetry, clock, local, hubId: env.OUTRIGGER_HUB_ID, installCustomResources, releaseClaims };
const stores = { registry: createRegistryStore(table), work: createWorkStore(table, clock) };
const lanes = { reconcile: env.OUTRIGGER_RECONCILE_QUEUE_URL, rollout: env.OUTRIGGER_ROLLOUT_QUEUE_URL };
const queues = {
  queue: createWorkQueue(sqs, lanes),
  probes: createProbeQueue(sqs, env.OUTRIGGER_PROBE_QUEUE_URL),
  deadLetters: createDeadLetters(sqs, env.OUTRIGGER_DEAD_LETTER_QUEUE_URL),
  bus: createEventBus(createEventBridgeClient(), env.OUTRIGGER_BUS),
};
const access = { connect: createConnector({ resolveAccess }), resolveIdentity: createIdentityResolver(resolveAccess) };
const defaultNamespaces = env.WATCH_NAMESPACE.split(",")
  .map((name) => name.trim())
  .filter((name) => name !== "");

/** Fed by the registration queue: cluster events from the bus. */
export const handler = serve(telemetry, (event: SQSEvent) =>
  admitRegistrations({ ...shared, ...stores, ...queues, ...access, defaultNamespaces }, event.Records),
);
