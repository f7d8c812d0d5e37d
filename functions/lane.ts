import process from "node:process";
import type { SQSEvent } from "aws-lambda";
import { createEventBus } from "../lib/aws/bus.ts";
import { createDynamoClient, createEventBridgeClient, createSqsClient } from "../lib/aws/clients.ts";
import { createHubStore } from "../lib/aws/hub-store.ts";
import { createDeadLetters, createRedelivery, createWorkQueue } from "../lib/aws/queue.ts";
import { createRegistryStore } from "../lib/aws/registry-store.ts";
import { openTable } from "../lib/aws/table.ts";
import { createWorkStore } from "../lib/aws/work-store.ts";
import { systemClock as clock } from "../lib/work/clock.ts";
import { type DirectResponse, runDirect } from "../lib/work/direct.ts";
import { admitBatch, type BatchResponse, receivesOf, workMessageOf } from "../lib/work/door.ts";
import { createFaultPoint } from "../lib/work/fault-point.ts";
import type { Worker } from "../lib/work/lane-worker.ts";
import { REQUEST_TIMEOUT_MS } from "../lib/work/lease.ts";
import type { DirectRequest } from "../lib/work/messages.ts";
import { runWork } from "../lib/work/worker.ts";
import { openClusters } from "./clusters.ts";
import { readEnvironment } from "./environment.ts";
import { openTelemetry, serve } from "./serve.ts";

/** Everything the reconcile and rollout functions have in common. */
export function openLane(lane: "reconcile" | "rollout") {
  const env = readEnvironment(lane, process.env);
  const table = openTable(createDynamoClient(), env.OUTRIGGER_TABLE);
  const sqs = createSqsClient();
  return {
    ...openTelemetry(lane, env),
    ...openClusters(env),
    lane,
    clock,
    hubId: env.OUTRIGGER_HUB_ID,
    store: createWorkStore(table, clock),
    registry: createRegistryStore(table),
    hub: createHubStore(table),
    queue: createWorkQueue(sqs, {
      reconcile: env.OUTRIGGER_RECONCILE_QUEUE_URL,
      rollout: env.OUTRIGGER_ROLLOUT_QUEUE_URL,
    }),
    redelivery: createRedelivery(
      sqs,
      lane === "rollout" ? env.OUTRIGGER_ROLLOUT_QUEUE_URL : env.OUTRIGGER_RECONCILE_QUEUE_URL,
    ),
    deadLetters: createDeadLetters(sqs, env.OUTRIGGER_DEAD_LETTER_QUEUE_URL),
    bus: createEventBus(createEventBridgeClient(), env.OUTRIGGER_BUS),
    faultPoint: createFaultPoint(process.env),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  };
}

/** Serves a lane: batches of its queue, and single requests of people. */
export function serveLane(hub: ReturnType<typeof openLane>, does: Pick<Worker, "reconcilers" | "lastWords">) {
  const worker: Worker = { ...hub, ...does };
  const schema = workMessageOf(hub.lane);
  return serve(hub, async (event: SQSEvent | DirectRequest, context): Promise<BatchResponse | DirectResponse> => {
    const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
    if (!("Records" in event)) return await runDirect(worker, event, deadline);
    return await admitBatch(event.Records, {
      ...hub,
      schema,
      handle: (message, record) => runWork(worker, message, deadline, receivesOf(record)),
    });
  });
}
